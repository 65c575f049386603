/**
 * The data table of a figure, built anew from rows: the same cells as moebook.html.table writes.
 *
 * @import { Metric, Row, Value } from "../types.js"
 */

import { bigInteger, Float } from "../state/data.js";
import { show } from "../state/format.js";

/**
 * Put rows into a table that stands in the page.
 *
 * @param {HTMLTableElement} table
 * @param {Row[]} rows
 * @param {Record<string, Metric>} columns
 */
export function fillTable(table, rows, columns) {
  const page = table.ownerDocument;
  const keys = Object.keys(columns);
  const numeric = new Set(keys.filter((key) => rows.length > 0 && rows.every((row) => isNumber(row[key] ?? null))));
  table.querySelectorAll("thead th").forEach((cell, at) => cell.classList.toggle("number", numeric.has(keys[at])));
  const body = page.createElement("tbody");
  for (const row of rows) {
    const line = body.insertRow();
    keys.forEach((key, at) => {
      const value = row[key] ?? null;
      const cell = page.createElement(at === 0 ? "th" : "td");
      if (at === 0) cell.setAttribute("scope", "row");
      if (numeric.has(key) || (value !== null && isNumber(value))) cell.className = "number";
      cell.textContent = show(value, columns[key].unit, columns[key].digits);
      line.append(cell);
    });
  }
  table.tBodies[0].replaceWith(body);
}

/** @param {Value} value */
function isNumber(value) {
  return (
    value === null ||
    typeof value === "number" ||
    value instanceof Float ||
    (typeof value === "string" && bigInteger(value) !== null)
  );
}
