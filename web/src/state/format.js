/**
 * Numbers as a reader sees them: `show` and `si` of moecalc.base.units, to the letter.
 * A test compares the two over some thousand values.
 *
 * @import { Value } from "../types.js"
 */

import { bigInteger, Float, integer, repr } from "./data.js";

/** Measured units take their prefix in front, as in GFLOPs; all else is counted, in M or B. */
const PREFIXED = new Set(["FLOPs", "FLOP/s", "bytes", "bytes/s"]);
const COUNTED = new Set(["parameters", "tokens", "GPU-hours"]);

/**
 * A unit with each prefix that it takes, from none upwards by factors of 1000; the unit alone where it takes none.
 *
 * @param {string} unit
 * @returns {string[]}
 */
export function prefixes(unit) {
  if (PREFIXED.has(unit)) return [unit, ...[..."KMGTPEZ"].map((letter) => letter + unit.replaceAll("bytes", "B"))];
  if (COUNTED.has(unit) || unit === "USD") return [unit, ...[..."KMBT"].map((letter) => `${letter} ${unit}`)];
  return [unit];
}

/**
 * A value with its unit.
 *
 * @param {Value | bigint | undefined} value
 * @param {string} [unit] with "%" the value is a ratio
 * @param {number} [digits] significant digits; of a percentage, digits behind the point
 * @returns {string}
 */
export function show(value, unit = "", digits = 4) {
  if (value === null || value === undefined) return "\u2013";
  if (typeof value === "string") {
    const big = bigInteger(value);
    if (big === null) return value;
    value = big;
  }
  const isFloat = value instanceof Float || (typeof value === "number" && !Number.isInteger(value));
  const number = typeof value === "bigint" ? value : Number(value);
  if (unit === "%") return `${fixed(typeof number === "bigint" ? Number(number * 100n) : number * 100, digits)} %`;
  if (unit === "count") return si(number, "", digits);
  if (unit === "USD") return `$${si(number, "", digits)}`;
  if (PREFIXED.has(unit) || COUNTED.has(unit)) return si(number, unit, digits);
  const text = isFloat ? grouped(fixed(Number(number), places(Number(number), digits))) : wholeNumber(number);
  return `${text} ${unit}`.trimEnd();
}

/**
 * A number in powers of 1000.
 *
 * @param {number | bigint} value
 * @param {string} [unit]
 * @param {number} [digits] significant digits
 * @returns {string}
 */
export function si(value, unit = "", digits = 4) {
  const letters = PREFIXED.has(unit) ? " KMGTPEZ" : " KMBT";
  let number = typeof value === "bigint" ? thousandth(value) : value;
  let step = typeof value === "bigint" ? 1 : 0;
  while (Math.abs(number) >= 999.5 && step < letters.length - 1) {
    number /= 1000;
    step += 1;
  }
  const decimals = step === 0 && Number.isInteger(number) ? 0 : places(number, digits);
  const text = grouped(fixed(number, decimals));
  const prefix = letters[step].trim();
  if (PREFIXED.has(unit)) return `${text} ${prefix}${prefix ? unit.replaceAll("bytes", "B") : unit}`;
  return [text, prefix, unit].filter(Boolean).join(" ");
}

/**
 * A number as Python's format with a comma: 2,048 or 0.05, a float always with its point.
 *
 * @param {number | Float} value
 * @returns {string}
 */
export function plain(value) {
  if (value instanceof Float) return grouped(repr(value.value));
  return Number.isInteger(value) ? wholeNumber(value) : grouped(repr(value));
}

/**
 * A number with so many decimals, rounded from its exact value, a tie to the even digit.
 *
 * @param {number} value
 * @param {number} decimals
 * @returns {string}
 */
export function fixed(value, decimals) {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  if (size >= 1e21) return sign + integer(size) + (decimals ? `.${"0".repeat(decimals)}` : "");
  // a tie has one more binary digit than decimals; toFixed would round it up
  if (Number.isInteger(size * 2 ** (decimals + 1))) {
    const exact = size.toFixed(decimals + 1);
    const down = exact.slice(0, -1).replace(/\.$/, "");
    if (exact.endsWith("5") && Number(down.at(-1)) % 2 === 0) return sign + down;
  }
  return sign + size.toFixed(decimals);
}

/**
 * Decimals that make up so many significant digits.
 *
 * @param {number} value
 * @param {number} digits
 */
function places(value, digits) {
  return Math.max(0, digits - integer(Math.trunc(Math.abs(value))).length);
}

/** @param {number | bigint} value */
export function wholeNumber(value) {
  return grouped(typeof value === "bigint" ? value.toString() : integer(value));
}

/**
 * Commas between thousands.
 *
 * @param {string} text
 */
export function grouped(text) {
  const [whole, ...rest] = text.split(".");
  if (/e/.test(whole)) return text;
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
}

/**
 * A large integer over 1000, rounded once, as Python divides.
 *
 * @param {bigint} value
 */
export function thousandth(value) {
  const shifted = value << 64n;
  const rest = shifted % 1000n === 0n ? 0n : value < 0n ? -1n : 1n;
  return Number((shifted / 1000n) * 2n + rest) / 2 ** 65;
}
