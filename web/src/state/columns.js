/**
 * A column of a table: the unit in its heading, one prefix and as many decimals for all its numbers.
 * The same as moecalc.base.columns, to the letter; a test compares the two.
 *
 * @import { Metric, Value } from "../types.js"
 */

import { bigInteger, Float } from "./data.js";
import { fixed, grouped, prefixes, show, thousandth, wholeNumber } from "./format.js";

/** No number has more decimals than these. */
const MOST_DECIMALS = 7;

/**
 * What a table shows of the values of a column.
 *
 * @param {Value[]} values
 * @param {Metric} metric its label is the heading; a unit that it names is not said again
 * @returns {{ unit: string, cells: string[] }} what stands in brackets behind the heading, and a text for each value
 */
export function column(values, { label, unit = "", digits = 4 }) {
  const numbers = values.map(number);
  const given = numbers.filter((value) => value !== null);
  if (!given.length) return { unit: "", cells: values.map((value) => show(value)) };
  const step = steps(given, unit);
  const all = given.map((value) => scaled(value, unit, step));
  const decimals = unit === "%" ? digits : columnDecimals(all, digits);
  const cells = numbers.map((value, at) => (value === null ? show(values[at]) : text(scaled(value, unit, step), decimals)));
  return { unit: heading(unit, step, label), cells };
}

/**
 * @param {Value | undefined} value
 * @returns {boolean} whether a cell holds a number, and no text, truth or nothing
 */
export function isNumber(value) {
  return number(value) !== null;
}

/**
 * A number, as a Float where it is no integer; null for what is none.
 *
 * @param {Value | undefined} value
 * @returns {bigint | number | Float | null}
 */
function number(value) {
  if (typeof value === "string") return bigInteger(value);
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  return value instanceof Float ? value : null;
}

/** @param {bigint | number | Float} value */
const bare = (value) => (value instanceof Float ? value.value : value);

/** @param {bigint | number} value */
const size = (value) => (value < 0 ? -value : value);

/**
 * The middle one of the sizes that are not zero; 0 where all are.
 *
 * @param {(bigint | number | Float)[]} numbers
 */
function middle(numbers) {
  const sizes = numbers.map((value) => size(bare(value))).filter((value) => value > 0);
  sizes.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  return sizes[Math.floor((sizes.length - 1) / 2)] ?? 0;
}

/**
 * By how many thousands to divide, so that the middle number has one to three digits before the point.
 *
 * @param {(bigint | number | Float)[]} numbers
 * @param {string} unit
 */
function steps(numbers, unit) {
  let [left, step] = [middle(numbers), 0];
  while (left >= 1000 && step < prefixes(unit).length - 1) [left, step] = [divided(left), step + 1];
  return step;
}

/** @param {bigint | number} value */
const divided = (value) => (typeof value === "bigint" ? thousandth(value) : value / 1000);

/**
 * @param {bigint | number | Float} value
 * @param {string} unit
 * @param {number} step
 * @returns {bigint | number | Float}
 */
function scaled(value, unit, step) {
  const given = bare(value);
  if (unit === "%") return typeof given === "bigint" ? given * 100n : value instanceof Float ? new Float(given * 100) : given * 100;
  if (!step) return value;
  let left = given;
  for (let turn = 0; turn < step; turn += 1) left = divided(left);
  return new Float(Number(left));
}

/**
 * Decimals that give the middle number its digits; fewer where no number needs them.
 *
 * @param {(bigint | number | Float)[]} numbers
 * @param {number} digits
 */
function columnDecimals(numbers, digits) {
  const most = Math.max(0, digits - fixed(Math.trunc(Number(middle(numbers))), 0).length);
  return Math.min(most, Math.max(...numbers.map((value) => needed(value, most + 2))));
}

/**
 * Decimals up to the last one that is not zero.
 *
 * @param {bigint | number | Float} value
 * @param {number} decimals
 */
function needed(value, decimals) {
  if (!(value instanceof Float)) return 0;
  return (fixed(value.value, decimals).split(".")[1] ?? "").replace(/0+$/, "").length;
}

/**
 * A number with the decimals of its column; with more, where they would leave it fewer than two digits.
 *
 * @param {bigint | number | Float} value
 * @param {number} decimals
 */
function text(value, decimals) {
  if (!(value instanceof Float) && !decimals) return wholeNumber(value);
  const given = Number(bare(value));
  const lost = Math.abs(Number(fixed(given, decimals)) - given) > 1e-9 * Math.abs(given);
  const wanted = 1 - Number(given.toExponential(1).split("e")[1]);
  return grouped(fixed(given, lost && decimals < wanted && wanted <= MOST_DECIMALS ? wanted : decimals));
}

/**
 * The unit with its prefix; of a count that the label names already, the prefix alone.
 *
 * @param {string} unit
 * @param {number} step
 * @param {string} label
 */
function heading(unit, step, label) {
  const prefixed = prefixes(unit)[step];
  /** @type {string[]} */
  const words = label.toLowerCase().match(/[a-z0-9/-]+/g) ?? [];
  if (!words.includes(unit.toLowerCase())) return prefixed;
  if (prefixed === unit) return "";
  return prefixed.endsWith(` ${unit}`) ? prefixed.slice(0, -unit.length - 1) : prefixed;
}
