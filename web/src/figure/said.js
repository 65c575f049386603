/**
 * What the marks of a picture say and set. A mark carries the number of its row; its words stand
 * in the data table, so a mark says what the table says.
 *
 * @import { Control, Definition, Row, Value } from "../types.js"
 */

import { Float, fullPrecision } from "../state/data.js";
import { plain, show } from "../state/format.js";
import { read } from "../state/state.js";

/** @typedef {{ name: string, lines: [heading: string, value: string][] }} Words */

/**
 * A mark on the screen.
 *
 * @typedef {object} Place
 * @property {number} row
 * @property {{ left: number, top: number, right: number, bottom: number }} box
 * @property {boolean} unseen whether it stands for a point of a line
 */

/** So many pixels a pointer may be away from a mark. */
const REACH = 24;
/** A line is followed by eye: above or below one of its points a pointer may be further away. */
const ALONG_A_LINE = 0.25;

/**
 * The words of a row: what names it, and its values under the headings of their columns.
 *
 * @param {HTMLTableElement} table
 * @param {Definition} definition
 * @param {number} row
 * @returns {Words | null} null where the table has no such row
 */
export function wordsOf(table, definition, row) {
  // a heading, and behind it in brackets the unit of its numbers
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((head) => textOf(head).split(/ \[|\]$/));
  const cells = [...(table.tBodies[0]?.rows[row]?.cells ?? [])];
  const keys = Object.keys(definition.columns);
  const [first, ...others] = (definition.says?.length ? definition.says : keys).map((key) => keys.indexOf(key));
  if (!cells[first]) return null;
  const said = (/** @type {number} */ at) => {
    const text = textOf(cells[at]);
    return heads[at][1] && cells[at].className && text !== show(null) ? `${text} ${heads[at][1]}` : text;
  };
  const name = said(first);
  const lines = others.map((at) => /** @type {[string, string]} */ ([heads[at][0], said(at)]));
  return {
    name: cells[first].classList.contains("number") ? `${heads[first][0]} ${name}` : name,
    lines: lines.filter(([, text]) => text !== "" && text !== show(null)),
  };
}

/** @param {Element} cell */
function textOf(cell) {
  return cell.textContent.trim();
}

/**
 * @param {Words} words
 * @returns {string[]} as a reader reads them, line by line
 */
export function inLines({ name, lines }) {
  return [name, ...lines.map(([heading, value]) => `${heading}: ${value}`)];
}

/**
 * The controls that a mark of a row sets, as in an address; the same as moebook.marks writes.
 *
 * @param {Definition} definition
 * @param {Row} row
 * @returns {string} empty where it sets none
 */
export function setsOf(definition, row) {
  const found = new URLSearchParams();
  for (const [key, column] of Object.entries(definition.picks ?? {})) {
    const control = definition.controls.find((one) => one.key === key);
    const text = control && accepted(control, row[column] ?? null);
    if (text !== undefined) found.set(key, text);
  }
  return found.toString();
}

/**
 * @param {Control} control
 * @param {Value} value of the control, or its words
 * @returns {string | undefined} the value as its box takes it
 */
function accepted(control, value) {
  if (value === null) return undefined;
  const named = control.options?.find(([, words]) => words === value);
  const text = named ? fullPrecision(named[0]) : String(value instanceof Float ? value.value : value);
  return "value" in read(control, text) ? text : undefined;
}

/**
 * What a click on a mark does, in words: “GPUs” to 4,096.
 *
 * @param {Definition} definition
 * @param {string} sets
 * @param {Record<string, unknown>} values of the controls as they are
 * @returns {string} empty where it would change nothing
 */
export function settingInWords(definition, sets, values) {
  const told = [...new URLSearchParams(sets)].flatMap(([key, text]) => {
    const control = definition.controls.find((one) => one.key === key);
    return control && String(values[key]) !== text ? [`\u201c${control.label}\u201d to ${valueInWords(control, text)}`] : [];
  });
  return told.join(", ");
}

/**
 * @param {Control} control
 * @param {string} text
 */
function valueInWords(control, text) {
  // without its unit, which stands at the control
  if (control.kind === "range") return plain(Number(text));
  return control.options?.find(([option]) => fullPrecision(option) === text)?.[1] ?? text;
}

/**
 * The mark at a place, or the nearest one within reach; of several the smallest.
 *
 * @param {Place[]} marks
 * @param {number} x
 * @param {number} y
 * @returns {Place | null}
 */
export function nearest(marks, x, y) {
  let best = null;
  let least = [REACH, Infinity];
  for (const mark of marks) {
    const { left, top, right, bottom } = mark.box;
    const dx = Math.max(left - x, 0, x - right);
    const dy = Math.max(top - y, 0, y - bottom) * (mark.unseen ? ALONG_A_LINE : 1);
    const found = [Math.hypot(dx, dy), (right - left) * (bottom - top)];
    if (found[0] < least[0] || (found[0] === least[0] && found[1] < least[1])) [best, least] = [mark, found];
  }
  return best;
}
