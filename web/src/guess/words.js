/** A guess as numbers and words: what a slider's stop stands for, what a text says, and how far a guess is off. */

import { fixed, plain } from "../state/format.js";
import { accepted, read } from "../state/state.js";

/**
 * @typedef {object} Asked what can be guessed
 * @property {string} of key of the number
 * @property {string} formula with the keys of numbers and controls in braces
 * @property {number} low in its unit
 * @property {number} high
 * @property {string} unit
 * @property {number} per the number for one such unit
 * @property {boolean} log whether a guess is judged by its factor
 */

/**
 * What a question asks, as the build wrote it.
 *
 * @param {HTMLElement} question
 * @returns {Asked}
 */
export function askedIn({ dataset }) {
  const { of = "", formula = "", unit = "", scale } = dataset;
  const [low, high, per] = [dataset.low, dataset.high, dataset.per].map(Number);
  return { of, formula, low, high, unit, per, log: scale === "log" };
}

/** Significant digits of what a slider says */
const DIGITS = 2;
/** A guess that is no further away than this share is called right. */
const RIGHT = 0.03;

/**
 * What a slider stands for.
 *
 * @param {Asked} asked
 * @param {number} share from its low to its high end
 */
export function atShare({ low, high, log }, share) {
  if (share <= 0) return low;
  if (share >= 1) return high;
  const value = log ? low * (high / low) ** share : low + (high - low) * share;
  return Math.min(high, Math.max(low, Number(value.toPrecision(DIGITS))));
}

/**
 * Where a number stands between the low and the high end.
 *
 * @param {Asked} asked
 * @param {number} value in the unit of guesses
 * @returns {number} from 0 to 1
 */
export function shareOf({ low, high, log }, value) {
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

/**
 * The number that was guessed.
 *
 * @param {Asked} asked
 * @param {string} text
 * @returns {{ value: number } | { error: string }} the error is a sentence for the reader
 */
export function readGuess({ low, high }, text) {
  const control = /** @type {const} */ ({ key: "guess", label: "Your guess", kind: "range", default: low, low, high });
  const found = read(control, text);
  return "value" in found ? { value: Number(found.value) } : { error: `Takes ${accepted(control)}.` };
}

/**
 * @param {Asked} asked
 * @param {number} value in the unit of guesses
 */
export function withUnit({ unit }, value) {
  return `${plain(value)} ${unit}`.trim();
}

/**
 * How far a guess is off: by a factor, by points of a percentage, or by a share of the answer.
 *
 * @param {Asked} asked
 * @param {number} guess in its unit
 * @param {number} answer as the figure has it
 * @returns {string} empty where there is no answer to compare with
 */
export function howFar(asked, guess, answer) {
  const { unit, per, log } = asked;
  const right = answer / per;
  if (!Number.isFinite(right) || (log && right <= 0)) return "";
  const where = guess > right ? "too high" : "too low";
  const off = Math.abs(guess - right);
  if (off <= RIGHT * Math.abs(right)) return "That is right.";
  if (log) return `That is ${short(Math.max(guess / right, right / guess))} times ${where}.`;
  if (unit === "%") return `That is ${short(off)} points ${where}.`;
  if (right === 0) return `That is ${withUnit(asked, off)} ${where}.`;
  return `That is ${short((100 * off) / Math.abs(right))} % ${where}.`;
}

/** @param {number} value */
function short(value) {
  return fixed(value, value < 10 ? 1 : 0);
}
