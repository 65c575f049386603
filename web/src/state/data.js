/**
 * JSON as Python writes it. Python tells 2.0 from 2 and shows them differently; JavaScript
 * does not, so a whole number that is a float in Python is read as a `Float`. Integers
 * beyond 2^53 travel as strings of digits.
 *
 * @import { Value } from "../types.js"
 */

/** A whole number that Python holds as a float. */
export class Float {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }

  valueOf() {
    return this.value;
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "$float";

/**
 * JSON text as data, with its floats told from its integers.
 *
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  let found = false;
  const marked = text.replace(TOKEN, (token) => {
    if (token[0] === '"' || !/[.eE]/.test(token) || !Number.isInteger(Number(token))) return token;
    found = true;
    return `{"${MARK}":${token}}`;
  });
  if (!found) return JSON.parse(marked);
  return JSON.parse(marked, (_key, value) =>
    value !== null && typeof value === "object" && MARK in value ? new Float(value[MARK]) : value,
  );
}

/**
 * The integer that a string of digits stands for, where it is one that JavaScript's numbers do not hold.
 *
 * @param {string} text
 * @returns {bigint | null}
 */
export function bigInteger(text) {
  if (!/^-?[1-9]\d{15,}$/.test(text)) return null;
  const big = BigInt(text);
  return Number.isSafeInteger(Number(big)) ? null : big;
}

/**
 * A value for a program: at full precision, as Python writes it; nothing where there is none.
 *
 * @param {Value | undefined} value
 * @returns {string}
 */
export function fullPrecision(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Float) return repr(value.value);
  if (typeof value === "number") return Number.isInteger(value) ? integer(value) : repr(value);
  return value;
}

/**
 * All digits of a whole number; JavaScript would write 1e+21.
 *
 * @param {number} value
 */
export function integer(value) {
  return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
}

/**
 * Python's repr of a float.
 *
 * @param {number} value
 * @returns {string}
 */
export function repr(value) {
  if (Object.is(value, -0)) return "-0.0";
  const [digits, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
