/** The default beside what is shown. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ghosts } from "../src/figure/compare.js";
import { DEFINITION } from "./definition.js";

const BEFORE = [{ unit: "bytes", n: 1 }];
const comparing = (/** @type {string[] | null} */ compares) => ({
  ...DEFINITION,
  variants: ["accelerator"],
  compares,
  defaults: { rows: BEFORE },
});

test("the rows of the default are drawn where the others show the same in the same chart", () => {
  assert.deepEqual(ghosts(comparing([]), [{ n: 2 }], ".h800-sxm"), BEFORE);
  assert.deepEqual(ghosts(comparing(["unit"]), [{ unit: "bytes", n: 2 }], ".h800-sxm"), BEFORE);
  assert.deepEqual(ghosts(comparing(["unit"]), [{ unit: "FLOPs", n: 2 }], ".h800-sxm"), []);
  assert.deepEqual(ghosts(comparing([]), [{ n: 2 }], ".h100-sxm"), []);
});

test("where the chart cannot do it, or nothing is there, nothing is drawn", () => {
  assert.deepEqual(ghosts(comparing(null), [{ n: 2 }], ".h800-sxm"), []);
  assert.deepEqual(ghosts({ ...DEFINITION, compares: [] }, [], ""), []);
});
