/** Guesses: what a slider stands for, what a text says, how far it is off, and what is remembered. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Visit } from "../src/guess/visit.js";
import { askedIn, atShare, howFar, readGuess, shareOf, withUnit } from "../src/guess/words.js";

/** @import { Asked } from "../src/guess/words.js" */

/** @type {Asked} */
const SHARE = { of: "mfu", formula: "", low: 1, high: 100, unit: "%", per: 0.01, log: false };
/** @type {Asked} */
const BYTES = { of: "bytes", formula: "", low: 5, high: 500, unit: "GB", per: 1e9, log: true };
/** @type {Asked} */
const TIMES = { of: "times", formula: "", low: 0, high: 8, unit: "x", per: 1, log: false };

test("a question is read as the build wrote it", () => {
  const dataset = { of: "bytes", formula: "{a}", low: "5", high: "500.0", unit: "GB", per: "1000000000.0", scale: "log" };
  assert.deepEqual(askedIn(/** @type {any} */ ({ dataset })), { ...BYTES, formula: "{a}" });
});

test("a slider goes from the low to the high end, by steps or by factors", () => {
  assert.deepEqual([0, 0.5, 1].map((share) => atShare(SHARE, share)), [1, 51, 100]);
  assert.deepEqual([0, 0.5, 1].map((share) => atShare(BYTES, share)), [5, 50, 500]);
  for (const asked of [SHARE, BYTES, TIMES]) {
    for (let share = 0; share <= 1; share += 0.1) assert.ok(Math.abs(shareOf(asked, atShare(asked, share)) - share) < 0.03);
  }
  assert.deepEqual([shareOf(SHARE, -5), shareOf(BYTES, 9_000)], [0, 1]);
});

test("a text is a number in range, or refused with a sentence", () => {
  assert.deepEqual(readGuess(BYTES, " 6.5e1 "), { value: 65 });
  for (const text of ["", "many", "4.9", "501", "Infinity", "6 GB"]) {
    assert.deepEqual(readGuess(BYTES, text), { error: "Takes a number from 5 to 500." });
  }
});

test("how far a guess is off: points, factors, or a share of the answer", () => {
  assert.equal(howFar(SHARE, 60, 0.3908), "That is 21 points too high.");
  assert.equal(howFar(SHARE, 36, 0.3908), "That is 3.1 points too low.");
  assert.equal(howFar(SHARE, 39, 0.3908), "That is right.");
  assert.equal(howFar(BYTES, 10, 111e9), "That is 11 times too low.");
  assert.equal(howFar(BYTES, 111, 10e9), "That is 11 times too high.");
  assert.equal(howFar(TIMES, 3, 2), "That is 50 % too high.");
  assert.equal(howFar(TIMES, 3, 0), "That is 3 x too high.");
  assert.equal(howFar(TIMES, 0, 0), "That is right.");
  assert.deepEqual([howFar(BYTES, 9, 0), howFar(TIMES, 9, NaN)], ["", ""]);
  assert.deepEqual([withUnit(BYTES, 1234.5), withUnit({ ...TIMES, unit: "" }, 2)], ["1,234.5 GB", "2"]);
});

test("what was guessed is remembered as long as the browser keeps it, and else until the page is left", () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = /** @type {any} */ ({ getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: kept.set.bind(kept) });
  const refused = () => {
    throw new Error("refused");
  };
  for (const one of [() => storage, refused]) {
    const visit = new Visit(one);
    assert.deepEqual([visit.guessed("mfu"), visit.showsAll], [null, false]);
    visit.keep("mfu", "60");
    visit.keep("cost", "");
    assert.deepEqual([visit.guessed("mfu"), visit.guessed("cost"), visit.guessed("other")], ["60", "", null]);
    visit.showAll();
    assert.equal(visit.showsAll, true);
  }
  assert.deepEqual([...kept], [["guess:mfu", "60"], ["guess:cost", ""], ["guess:*", ""]]);
});
