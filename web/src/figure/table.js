/**
 * The data table of a figure, built anew from rows: the same heads and cells as moebook.html.table writes.
 *
 * @import { Metric, Row } from "../types.js"
 */

import { column, isNumber } from "../state/columns.js";

/**
 * Put rows into a table that stands in the page.
 *
 * @param {HTMLTableElement} table
 * @param {Row[]} rows
 * @param {Record<string, Metric>} columns
 */
export function fillTable(table, rows, columns) {
  const page = table.ownerDocument;
  // the built head stays as it is, to be put back
  const head = /** @type {Element} */ (table.tHead?.cloneNode(true));
  const heads = head.querySelectorAll("th");
  const body = page.createElement("tbody");
  // by a list of our own: the body would count its rows anew for each cell
  const lines = rows.map(() => body.insertRow());
  Object.entries(columns).forEach(([key, metric], at) => {
    const values = rows.map((row) => row[key] ?? null);
    const shown = column(values, metric);
    const numeric = values.length > 0 && values.every((value) => value === null || isNumber(value));
    if (heads[at]) fillHead(heads[at], metric.label, shown.unit, numeric);
    const most = Math.max(...values.map((value, row) => (isNumber(value) ? decimals(shown.cells[row]) : 0)));
    values.forEach((value, row) => {
      const cell = page.createElement(at === 0 ? "th" : "td");
      if (at === 0) cell.setAttribute("scope", "row");
      if (numeric || isNumber(value)) cell.className = "number";
      const short = isNumber(value) ? most - decimals(shown.cells[row]) : 0;
      if (short) cell.setAttribute("style", `--short: ${short}`);
      cell.textContent = shown.cells[row];
      lines[row].append(cell);
    });
  });
  table.tHead?.replaceWith(head);
  table.tBodies[0].replaceWith(body);
}

/**
 * @param {Element} head
 * @param {string} label
 * @param {string} unit
 * @param {boolean} numeric
 */
function fillHead(head, label, unit, numeric) {
  head.classList.toggle("number", numeric);
  head.textContent = label;
  if (!unit) return;
  const brackets = head.ownerDocument.createElement("span");
  brackets.className = "unit";
  brackets.textContent = `[${unit}]`;
  head.append(" ", brackets);
}

/**
 * The width behind the last whole digit, in digits: a point is half as wide as a digit.
 *
 * @param {string} text
 */
function decimals(text) {
  const [, behind] = text.split(".");
  return behind === undefined ? 0 : behind.length + 0.5;
}
