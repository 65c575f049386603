/**
 * Where the answer for some values is found: in the page, among the stored moves, or in the engine.
 *
 * @import { Answer, Control, Definition, Setting, Settings } from "../types.js"
 */

import { away, same } from "../state/state.js";

/**
 * @param {Definition} definition
 * @param {Settings} built the values whose numbers the page was built with
 * @param {Settings} values
 * @returns {{ from: "page" } | { from: "moves", answer: Answer } | { from: "engine" }}
 */
export function locate(definition, built, values) {
  if (same(built, values)) return { from: "page" };
  const moved = away(definition, values);
  const answer =
    moved.length === 0
      ? definition.defaults
      : moved.length === 1
        ? stored(definition.moves[moved[0].key], moved[0], values[moved[0].key])
        : undefined;
  if (!answer) return { from: "engine" };
  if (!answer.metrics) return { from: "moves", answer };
  const { metrics, rows } = { ...definition.defaults };
  const kept = answer.same_rows ? { rows } : {};
  return { from: "moves", answer: { ...answer, ...kept, metrics: { ...metrics, ...answer.metrics } } };
}

/**
 * The stored answer for a value, by its text, or by its number where Python writes it otherwise.
 *
 * @param {Record<string, Answer> | undefined} moves
 * @param {Control} control
 * @param {Setting} value
 * @returns {Answer | undefined}
 */
function stored(moves, control, value) {
  if (!moves) return undefined;
  const text = String(value);
  if (Object.hasOwn(moves, text)) return moves[text];
  const isNumber = control.kind === "range" || (control.kind === "select" && text.trim() !== "");
  const key = isNumber ? Object.keys(moves).find((one) => Number(one) === Number(text)) : undefined;
  return key === undefined ? undefined : moves[key];
}
