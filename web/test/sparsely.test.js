/** What is told too often. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { sparsely } from "../src/sparsely.js";

test("of many values a few are told, and none at once", () => {
  let now = 0;
  const clock = mock.method(performance, "now", () => now);
  /** @type {number[]} */
  const told = [];
  const tell = sparsely(100, (value) => told.push(value));
  for (now = 0; now <= 350; now += 10) tell(now);
  assert.deepEqual(told, [100, 200, 300]);
  now = 399;
  tell(1);
  now = 1000;
  tell(2);
  tell(3);
  assert.deepEqual(told, [100, 200, 300, 2]);
  clock.mock.restore();
});
