/**
 * The values of an explorer's controls: read from text, compared, put into words, into an
 * address and into a line of Python. Nothing here touches the page.
 *
 * What is accepted, and the sentence for what is not, are those of moecalc.explorers; a
 * test compares them.
 *
 * @import { Control, Definition, Setting, Settings, Value } from "../types.js"
 */

import { Float, fullPrecision } from "./data.js";
import { plain } from "./format.js";
import { isPacked, LARGEST_PACKED, spell, spelt, unpack, unpacked } from "./packed.js";

/** Largest text that a text box takes [bytes] */
export const LARGEST_TEXT = 200_000;

/** What Python's float() reads, without infinities. */
const NUMBER = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/i;
const SWITCHES = new Map([
  ["true", true],
  ["false", false],
  ["1", true],
  ["0", false],
  ["on", true],
  ["off", false],
]);

/**
 * The value that a text stands for.
 *
 * @param {Control} control
 * @param {string} text what a box holds or an address says
 * @returns {{ value: Setting } | { error: string }} the error is the sentence that `moecalc explore` prints
 */
export function read(control, text) {
  if (control.kind === "range") {
    const value = readNumber(control, text);
    if (value !== null) return { value };
    return { error: `${control.key} must be ${accepted(control)}; found ${quoted(text)}` };
  }
  if (control.kind === "select") {
    const options = optionTexts(control);
    if (options.includes(text)) return { value: text };
    return { error: `${control.key} must be one of ${options.join(", ")}; found ${quoted(text)}` };
  }
  if (control.kind === "checkbox") {
    const value = SWITCHES.get(text.toLowerCase());
    if (value !== undefined) return { value };
    return { error: `${control.key} must be true or false; found ${quoted(text)}` };
  }
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= LARGEST_TEXT) return { value: text };
  return { error: `${control.key} must be ${accepted(control)}; found ${plain(bytes)} bytes` };
}

/**
 * What a control accepts, in words.
 *
 * @param {Control} control
 * @param {(number: number | Float) => string} [write] its bounds
 * @returns {string}
 */
export function accepted(control, write = plain) {
  if (control.kind === "select") return `one of ${optionTexts(control).join(", ")}`;
  if (control.kind === "checkbox") return "true or false";
  if (control.kind === "textarea") return `a text of at most ${plain(LARGEST_TEXT / 1000)} KB`;
  return `${control.whole ? "a whole number" : "a number"} from ${write(control.low ?? 0)} to ${write(control.high ?? 0)}`;
}

/**
 * @param {Control} control
 * @param {string} text
 * @returns {number | null}
 */
function readNumber(control, text) {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return null;
  const value = Number(trimmed.replaceAll("_", ""));
  const inRange = Number(control.low) <= value && value <= Number(control.high);
  return inRange && !(control.whole && !Number.isInteger(value)) ? value : null;
}

/**
 * A text as Python's repr writes it.
 *
 * @param {string} text
 * @returns {string}
 */
export function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short = new Map([
    ["\\", "\\\\"],
    ["\n", "\\n"],
    ["\r", "\\r"],
    ["\t", "\\t"],
    [quote, `\\${quote}`],
  ]);
  let inner = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (short.has(character)) inner += short.get(character);
    else if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) inner += character;
    else if (code < 0x100) inner += `\\x${hex.padStart(2, "0")}`;
    else inner += code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  }
  return quote + inner + quote;
}

/**
 * The values of an explorer's controls at their defaults.
 *
 * @param {Definition} definition
 * @returns {Settings}
 */
export function defaults(definition) {
  return Object.fromEntries(definition.controls.map((control) => [control.key, defaultOf(control)]));
}

/**
 * @param {Control} control
 * @returns {Setting}
 */
function defaultOf(control) {
  if (control.kind === "range") return Number(control.default);
  if (control.kind === "checkbox") return control.default === true;
  return control.kind === "select" ? fullPrecision(control.default) : String(control.default ?? "");
}

/**
 * An option is known by its text, as Python writes it.
 *
 * @param {Control} control
 * @returns {string[]}
 */
function optionTexts(control) {
  return (control.options ?? []).map(([value]) => fullPrecision(value));
}

/**
 * The controls that are not at their defaults.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {Control[]}
 */
export function away(definition, values) {
  return definition.controls.filter((control) => values[control.key] !== defaultOf(control));
}

/**
 * Whether two states are one.
 *
 * @param {Settings} one
 * @param {Settings} other
 */
export function same(one, other) {
  return Object.keys(one).every((key) => one[key] === other[key]);
}

/**
 * A value as text: in a box, and in an address.
 *
 * @param {Setting} value
 * @returns {string}
 */
export function asText(value) {
  return String(value);
}

/**
 * A number of a control with its unit, in words.
 *
 * @param {Control} control
 * @param {number} value
 * @returns {string}
 */
export function inWords(control, value) {
  if (control.zero && value === 0) return control.zero;
  return `${plain(value)} ${control.unit ?? ""}`.trim();
}

/**
 * The stop of a slider that is nearest to a value.
 *
 * @param {Control} control
 * @param {number} value
 * @returns {number} its place among the stops
 */
export function nearestStop(control, value) {
  const stops = (control.stops ?? []).map(Number);
  let nearest = 0;
  for (let at = 1; at < stops.length; at += 1) {
    if (Math.abs(stops[at] - value) < Math.abs(stops[nearest] - value)) nearest = at;
  }
  return nearest;
}

/**
 * The state as the end of an address, such as #cost?num_gpus=2000: what is away from its default.
 * A long text is packed, once `spelling` has prepared that; one that is too long is left out.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {string}
 */
export function toHash(definition, values) {
  const pairs = away(definition, values).flatMap(({ key, kind }) => {
    const text = asText(values[key]);
    const found = kind === "textarea" ? spelt(text) : { packed: text };
    return found && "packed" in found ? [`${key}=${encodeURIComponent(found.packed)}`] : [];
  });
  return `#${definition.name}${pairs.length ? `?${pairs.join("&")}` : ""}`;
}

/**
 * Prepare an address of these values.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {Promise<unknown> | null} null where nothing is to be prepared
 */
export function spelling(definition, values) {
  const texts = definition.controls.filter(({ kind }) => kind === "textarea").map(({ key }) => asText(values[key]));
  const long = texts.filter((text) => !spelt(text));
  return long.length ? Promise.all(long.map(spell)) : null;
}

/**
 * What an address of these values leaves out, in a sentence; empty where it has all.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {string}
 */
export function leftOut(definition, values) {
  const sentences = definition.controls.flatMap(({ key, kind, label }) => {
    const found = kind === "textarea" ? spelt(asText(values[key])) : undefined;
    if (!found || "packed" in found) return [];
    const size = `${plain(found.bytes)} bytes compressed, and a link takes ${plain(LARGEST_PACKED)}`;
    return [`The link leaves out the text of \u201c${label}\u201d, for it is too long: ${size}.`];
  });
  return sentences.join(" ");
}

/**
 * Prepare the reading of an address.
 *
 * @param {Definition} definition
 * @param {string} hash
 * @returns {Promise<unknown> | null} null where nothing is to be prepared
 */
export function unpacking(definition, hash) {
  const texts = inHash(hash).filter(([key, text]) => isPacked(text) && isText(definition, key) && !unpacked(text));
  return texts.length ? Promise.all(texts.map(([, text]) => unpack(text, LARGEST_TEXT))) : null;
}

/**
 * @param {string} hash
 * @returns {[string, string][]} each key once
 */
function inHash(hash) {
  return [...new Map(new URLSearchParams(hash.includes("?") ? hash.slice(hash.indexOf("?") + 1) : ""))];
}

/**
 * @param {Definition} definition
 * @param {string} key
 */
function isText(definition, key) {
  return definition.controls.some((control) => control.key === key && control.kind === "textarea");
}

/**
 * The explorer that an address names.
 *
 * @param {string} hash
 * @returns {string}
 */
export function nameInHash(hash) {
  return hash.replace(/^#/, "").split("?")[0];
}

/**
 * The state that an address asks for; what is bad in it is left out and told. What is packed in it
 * `unpacking` has prepared.
 *
 * @param {Definition} definition
 * @param {string} hash
 * @returns {{ values: Settings, errors: string[] }}
 */
export function fromHash(definition, hash) {
  const values = defaults(definition);
  /** @type {string[]} */
  const errors = [];
  for (const [key, text] of inHash(hash)) {
    const control = definition.controls.find((one) => one.key === key);
    if (!control) {
      const known = definition.controls.map((one) => one.key).join(", ");
      errors.push(`${definition.name} has no control ${quoted(key)}; it has ${known}`);
      continue;
    }
    const packed = control.kind === "textarea" && isPacked(text);
    const reading = packed ? (unpacked(text) ?? { error: "has a text that is not unpacked" }) : { text };
    const found = "error" in reading ? { error: `${key}: the link ${reading.error}` } : read(control, reading.text);
    if ("value" in found) values[key] = found.value;
    else errors.push(found.error);
  }
  return { values, errors };
}

/**
 * What the file of a chart is called by: empty, or a dot and the value of each control that has
 * charts of its own, as Python writes it.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {string}
 */
export function variant(definition, values) {
  const parts = (definition.variants ?? []).map((key) => {
    const isFloat = definition.controls.some((control) => control.key === key && control.kind === "range" && !control.whole);
    return `.${fullPrecision(isFloat ? new Float(Number(values[key])) : values[key])}`;
  });
  return parts.join("");
}

/**
 * All that `variant` may say, as far as its controls are lists or switches.
 *
 * @param {Definition} definition
 * @returns {string[]}
 */
export function variants(definition) {
  let states = [defaults(definition)];
  for (const key of definition.variants ?? []) {
    const control = definition.controls.find((one) => one.key === key);
    const settings = control?.kind === "select" ? optionTexts(control) : control?.kind === "checkbox" ? [false, true] : [];
    if (settings.length) states = states.flatMap((state) => settings.map((value) => ({ ...state, [key]: value })));
  }
  return states.map((state) => variant(definition, state));
}

/**
 * What the engine is asked: the values away from their defaults, as JSON.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {string}
 */
export function toJson(definition, values) {
  return JSON.stringify(Object.fromEntries(away(definition, values).map(({ key }) => [key, values[key]])));
}

/**
 * The line of Python that shows this state.
 *
 * @param {Definition} definition
 * @param {Settings} values
 * @returns {string}
 */
export function toPython(definition, values) {
  const given = away(definition, values).map((control) => `${control.key}=${literal(control, values[control.key])}`);
  return `moecalc.explore(${[JSON.stringify(definition.name), ...given].join(", ")})`;
}

/**
 * @param {Control} control
 * @param {Setting} value
 * @returns {string}
 */
function literal(control, value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  /** @type {Value | undefined} */
  const option = control.options?.find(([one]) => fullPrecision(one) === value)?.[0];
  // a JSON string is a Python string
  return option !== undefined && typeof option !== "string" ? value : JSON.stringify(value);
}
