/** Which rung of the ladder answers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { locate } from "../src/engine/answers.js";
import { defaults } from "../src/state/state.js";
import { DEFINITION } from "./definition.js";

const START = defaults(DEFINITION);
/** @param {object} changes */
const at = (changes) => locate(DEFINITION, START, { ...START, ...changes });

test("the state of the page answers from the page", () => {
  assert.deepEqual(at({}), { from: "page" });
});

test("one control away answers from the moves, where its value is a stop", () => {
  const moves = DEFINITION.moves;
  assert.deepEqual(at({ num_gpus: 8 }), { from: "moves", answer: moves.num_gpus[8] });
  assert.deepEqual(at({ price: 3 }), { from: "moves", answer: moves.price[3] });
  assert.deepEqual(at({ causal: false }), { from: "moves", answer: moves.causal.false });
  assert.deepEqual(at({ accelerator: "h100-sxm" }), { from: "moves", answer: moves.accelerator["h100-sxm"] });
  assert.deepEqual(at({ num_gpus: 9 }), { from: "engine" });
});

test("a move has what it shows as the defaults do", () => {
  const rows = [{ run: "one" }];
  const moves = { price: { 3: { metrics: { usd: 1 }, same_rows: true } } };
  const definition = { ...DEFINITION, moves, defaults: { metrics: { gpus: 2, usd: 3 }, rows } };
  const found = locate(definition, START, { ...START, price: 3 });
  assert.deepEqual(found, { from: "moves", answer: { metrics: { gpus: 2, usd: 1 }, same_rows: true, rows } });
});

test("a value that Python writes in another way is found by its number", () => {
  assert.deepEqual(at({ price: 0.00001 }), { from: "moves", answer: DEFINITION.moves.price["1e-05"] });
  assert.deepEqual(at({ accelerator: "2.0" }), { from: "moves", answer: { error: "no such thing" } });
});

test("two controls away, a text, and names of Object's own need the engine", () => {
  assert.deepEqual(at({ num_gpus: 8, price: 3 }), { from: "engine" });
  assert.deepEqual(at({ changes: "a=1" }), { from: "engine" });
  assert.deepEqual(at({ accelerator: "constructor" }), { from: "engine" });
});

test("a page that was built away from the defaults asks for them", () => {
  const built = { ...START, num_gpus: 8 };
  assert.deepEqual(locate(DEFINITION, built, built), { from: "page" });
  assert.deepEqual(locate(DEFINITION, built, START), { from: "engine" });
  const answer = { metrics: {}, rows: [] };
  assert.deepEqual(locate({ ...DEFINITION, defaults: answer }, built, START), { from: "moves", answer });
});
