/**
 * Rows as a chart takes them.
 *
 * @import { Row } from "../types.js"
 */

import { bigInteger } from "../state/data.js";

/**
 * Plain numbers, and nothing where a value is missing. Each row has its number, which its marks carry; one of another
 * state says that it is a ghost.
 *
 * @param {Row[]} rows
 * @param {Row[]} [ghosts] rows of another state, to be drawn faintly
 * @returns {Record<string, number | string | boolean>[]}
 */
export function chartRows(rows, ghosts = []) {
  return [...rows, ...ghosts].map((row, number) => {
    /** @type {Record<string, number | string | boolean>} */
    const plain = number < rows.length ? { _row: number } : { _ghost: true };
    for (const [key, value] of Object.entries(row)) {
      if (value === null) continue;
      const isLarge = typeof value === "string" && bigInteger(value) !== null;
      // another script has read them: its floats are of a class of its own
      plain[key] = isLarge || typeof value === "object" ? Number(value) : value;
    }
    return plain;
  });
}
