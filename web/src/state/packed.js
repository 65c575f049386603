/**
 * Long texts in an address: compressed, and spelt in letters that an address takes as they are.
 *
 * Compression answers later, and an address is written at once. So both directions are prepared
 * first, and what was prepared is remembered for the newest few texts.
 *
 * @typedef {{ packed: string } | { bytes: number }} Spelling packed, or how many bytes it has packed where that is too many
 * @typedef {{ text: string } | { error: string }} Reading
 */

/** In front of a text that is packed */
const PREFIX = "~";
/** Longest text that stands in an address as it is [characters] */
const SHORT = 300;
/** Largest text that stands in an address packed [bytes] */
export const LARGEST_PACKED = 8_000;
/** How many texts are remembered */
const REMEMBERED = 8;

/** @type {Map<string, Spelling>} */
const spellings = new Map();
/** @type {Map<string, Reading>} */
const readings = new Map();

/** @param {string} text */
export function isPacked(text) {
  return text.startsWith(PREFIX);
}

/**
 * How a text stands in an address; undefined where that is not prepared yet.
 *
 * @param {string} text
 * @returns {Spelling | undefined}
 */
export function spelt(text) {
  return text.length <= SHORT && !isPacked(text) ? { packed: text } : spellings.get(text);
}

/**
 * Prepare how a text stands in an address.
 *
 * @param {string} text
 */
export async function spell(text) {
  if (spelt(text)) return;
  const bytes = new TextEncoder().encode(text);
  /** @type {Spelling} */
  let found = { bytes: bytes.length };
  try {
    const packed = await through(bytes, new CompressionStream("deflate-raw"), Infinity);
    found = packed.length <= LARGEST_PACKED ? { packed: PREFIX + toLetters(packed) } : { bytes: packed.length };
  } catch {
    // a browser that cannot compress leaves the text out
  }
  remember(spellings, text, found);
  if ("packed" in found) remember(readings, found.packed, { text });
}

/**
 * The text that stands packed in an address; undefined where that is not prepared yet.
 *
 * @param {string} packed
 * @returns {Reading | undefined}
 */
export function unpacked(packed) {
  return readings.get(packed);
}

/**
 * Prepare the text that stands packed in an address.
 *
 * @param {string} packed
 * @param {number} largest bytes that the text may have
 */
export async function unpack(packed, largest) {
  if (unpacked(packed)) return;
  try {
    const bytes = await through(fromLetters(packed.slice(PREFIX.length)), new DecompressionStream("deflate-raw"), largest);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    remember(readings, packed, { text });
    // the address stays as it was opened, even if this browser packs in another way
    remember(spellings, text, { packed });
  } catch (error) {
    const large = error instanceof RangeError;
    remember(readings, packed, { error: large ? "has a text that is too large" : "has a text that is damaged or cut off" });
  }
}

/**
 * @template Value
 * @param {Map<string, Value>} map
 * @param {string} key
 * @param {Value} value
 */
function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value ?? "");
}

/**
 * What comes out of a stream, if it is no more than so many bytes.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {CompressionStream | DecompressionStream} stream
 * @param {number} largest
 */
async function through(bytes, stream, largest) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (!value) continue;
    length += value.length;
    if (length > largest) {
      void reader.cancel();
      throw new RangeError();
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function toLetters(bytes) {
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} letters */
function fromLetters(letters) {
  return Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
