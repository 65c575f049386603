/** Long texts in an address: packed, unpacked, refused where too long or damaged. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LARGEST_PACKED, spell, spelt, unpack, unpacked } from "../src/state/packed.js";
import * as state from "../src/state/state.js";
import { DEFINITION } from "./definition.js";

const LONG = JSON.stringify({ model_type: "llama", hidden_size: 4096, names: Array(99).fill("中 & <b>") }, null, 2);

/** A text that does not compress. @param {number} length */
function noise(length) {
  let seed = 1;
  const letters = Array.from({ length }, () => {
    seed = (seed * 48271) % 2147483647;
    return String.fromCharCode(33 + (seed % 94));
  });
  return letters.join("");
}

test("a short text stands as it is, a long one packed in letters that an address takes", async () => {
  assert.deepEqual(spelt("a=1\nb=2"), { packed: "a=1\nb=2" });
  assert.equal(spelt(LONG), undefined);
  await spell(LONG);
  const found = spelt(LONG);
  assert.ok(found && "packed" in found);
  assert.match(found.packed, /^~[\w-]+$/);
  assert.ok(found.packed.length < 250);
  assert.equal(encodeURIComponent(found.packed), found.packed);
});

test("a text that begins like a packed one is packed, too", async () => {
  assert.equal(spelt("~a"), undefined);
  const values = { ...state.defaults(DEFINITION), changes: "~a" };
  await state.spelling(DEFINITION, values);
  const hash = state.toHash(DEFINITION, values);
  await state.unpacking(DEFINITION, hash);
  assert.deepEqual(state.fromHash(DEFINITION, hash), { values, errors: [] });
});

test("an address gives a long text back, in a browser that never packed it", async () => {
  const values = { ...state.defaults(DEFINITION), num_gpus: 2000, changes: `${LONG}\n` };
  assert.equal(state.toHash(DEFINITION, values), "#trial?num_gpus=2000", "before it is prepared");
  await state.spelling(DEFINITION, values);
  assert.equal(state.spelling(DEFINITION, values), null);
  const hash = state.toHash(DEFINITION, values);
  assert.ok(hash.length < 300);
  // what is remembered goes as others come
  for (let number = 0; number < 20; number += 1) await spell(LONG + number);
  assert.equal(unpacked(hash.split("changes=")[1]), undefined);
  const early = state.fromHash(DEFINITION, hash);
  assert.deepEqual([early.values.changes, early.errors.length], ["", 1]);
  await state.unpacking(DEFINITION, hash);
  assert.equal(state.unpacking(DEFINITION, hash), null);
  assert.deepEqual(state.fromHash(DEFINITION, hash), { values, errors: [] });
  assert.equal(state.toHash(DEFINITION, values), hash);
});

test("a text of 8 KB packed goes into a link, a larger one is left out and told", async () => {
  const most = { ...state.defaults(DEFINITION), changes: noise(9500) };
  await state.spelling(DEFINITION, most);
  assert.ok(state.toHash(DEFINITION, most).length > 9000);
  assert.equal(state.leftOut(DEFINITION, most), "");
  const more = { ...most, num_gpus: 8, changes: noise(12_000) };
  assert.equal(state.leftOut(DEFINITION, more), "", "before it is prepared");
  await state.spelling(DEFINITION, more);
  assert.equal(state.toHash(DEFINITION, more), "#trial?num_gpus=8");
  const sentence = state.leftOut(DEFINITION, more);
  assert.match(sentence, /^The link leaves out the text of “Changes”, for it is too long: [\d,]+ bytes compressed, and a link takes 8,000\.$/);
  assert.equal(LARGEST_PACKED, 8000);
});

test("what is damaged, or would be larger than a text box takes, is refused", async () => {
  for (const packed of ["~", "~!", "~AAAA", "~abc", "~中"]) {
    await unpack(packed, 1000);
    assert.deepEqual(unpacked(packed), { error: "has a text that is damaged or cut off" }, packed);
  }
  const bomb = { ...state.defaults(DEFINITION), changes: "a".repeat(200_001) };
  await state.spelling(DEFINITION, bomb);
  const hash = state.toHash(DEFINITION, bomb);
  for (let number = 0; number < 20; number += 1) await spell(LONG + number);
  await state.unpacking(DEFINITION, hash);
  const { values, errors } = state.fromHash(DEFINITION, hash);
  assert.deepEqual([values.changes, errors], ["", ["changes: the link has a text that is too large"]]);
});
