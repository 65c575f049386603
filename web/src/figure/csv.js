/**
 * Rows as CSV (RFC 4180), at full precision.
 *
 * @import { Row } from "../types.js"
 */

import { fullPrecision } from "../state/data.js";

/**
 * @param {Row[]} rows
 * @param {string[]} columns keys of a row, which head the columns
 * @returns {string}
 */
export function csv(rows, columns) {
  const lines = [columns, ...rows.map((row) => columns.map((key) => fullPrecision(row[key])))];
  return lines.map((cells) => `${cells.map(field).join(",")}\r\n`).join("");
}

/** @param {string} text */
function field(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
