/** Rows as a chart takes them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chartRows } from "../src/figure/rows.js";
import { parse } from "../src/state/data.js";

test("a chart takes plain numbers, and nothing where a value is missing", () => {
  const rows = parse('[{"a": 1, "b": null, "c": "9007199254740993", "d": 2.0, "e": true, "f": "12"}, {"a": 0.5}]');
  assert.deepEqual(chartRows(rows), [{ _row: 0, a: 1, c: 9007199254740992, d: 2, e: true, f: "12" }, { _row: 1, a: 0.5 }]);
});

test("rows of another state come behind, without numbers that their marks could carry", () => {
  assert.deepEqual(chartRows([{ a: 1 }], parse('[{"a": 3.0, "b": null}]')), [{ _row: 0, a: 1 }, { _ghost: true, a: 3 }]);
});
