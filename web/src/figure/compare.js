/**
 * The default beside what is shown, to be drawn faintly.
 *
 * @import { Definition, Row } from "../types.js"
 */

import { defaults, variant } from "../state/state.js";

/**
 * The rows of the default; none where they show something else than those they would be drawn over.
 *
 * @param {Definition} definition
 * @param {Row[]} rows that are shown
 * @param {string} chart the variant of the chart that shows them
 * @returns {Row[]}
 */
export function ghosts(definition, rows, chart) {
  const before = definition.defaults?.rows ?? [];
  const alike = definition.compares?.every((key) => rows[0]?.[key] === before[0]?.[key]);
  return alike && chart === variant(definition, defaults(definition)) ? before : [];
}
