/** Values of controls: what is accepted and what is said otherwise, addresses, lines of Python. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "../src/state/data.js";
import * as state from "../src/state/state.js";
import { DEFINITION } from "./definition.js";
import { python } from "./python.js";

const BAD_AND_GOOD = [
  ..."x|12x|0|7|8|-8|+2000|2_000|2__000|1e3|1E+3|.5|5.|2.5|2000.0|100000|100001|1e999|inf|nan|NaN|1,000|0x10||' '|∞".split("|"),
  ..."true|True|FALSE|on|off|1|yes|h800-sxm|H800|4096|4096.0|it's|say \"it\"|it's \"so\"|back\\slash|<script>".split("|"),
  " 12 ",
  "tab\there",
  "line\nend\r",
  "zero\u0000 \u007f nbsp\u00a0 wide\u3000 bom\ufeff é 中文 😀 \ud800",
];

test("controls accept what Python accepts, and refuse with the same sentence", () => {
  const program = `
import json, sys
from moecalc.base.errors import InputError
from moecalc.explorers import explorers
texts = json.load(sys.stdin)
cases = []
for explorer in explorers():
    for control in explorer.controls:
        told = json.loads(json.dumps(control.describe()))
        if control.kind == "textarea":
            continue
        for text in texts:
            try:
                cases.append([control.describe(), text, None, str(control.read(text))])
            except InputError as error:
                cases.append([control.describe(), text, str(error), None])
print(json.dumps(cases))`;
  /** @type {[import("../src/types.js").Control, string, string | null, string | null][]} */
  const cases = parse(python(program, BAD_AND_GOOD));
  assert.ok(cases.length > 500);
  for (const [control, text, error, value] of cases) {
    const found = state.read(control, text);
    if (error !== null) assert.deepEqual(found, { error }, control.key);
    else assert.ok("value" in found && sameValue(found.value, value ?? ""), `${control.key} ${text}`);
  }
});

/**
 * @param {unknown} ours
 * @param {string} theirs as Python writes it
 */
function sameValue(ours, theirs) {
  if (typeof ours === "number") return ours === Number(theirs);
  return String(ours) === (typeof ours === "boolean" ? theirs.toLowerCase() : theirs);
}

test("an unknown control is told as Python tells it", () => {
  const program = `
from moecalc.base.errors import InputError
from moecalc.explorers import explorer
import json
cost = explorer("cost")
try:
    cost.read({"num_gpu's": 1})
except InputError as error:
    print(json.dumps([str(error), [control.describe() for control in cost.controls]]))`;
  const [sentence, controls] = parse(python(program));
  const { errors } = state.fromHash({ ...DEFINITION, name: "cost", controls }, "#cost?num_gpu%27s=1");
  assert.deepEqual(errors, [sentence]);
});

test("a text box takes 200 KB and no more, counted in bytes", () => {
  const control = DEFINITION.controls[4];
  assert.ok("value" in state.read(control, "x".repeat(200_000)));
  const found = state.read(control, "中".repeat(66_667));
  assert.deepEqual(found, { error: "changes must be a text of at most 200 KB; found 200,001 bytes" });
});

test("an address holds what is away from its default, and gives it back", () => {
  const values = { ...state.defaults(DEFINITION), num_gpus: 2000, price: 3.5, causal: false, changes: "a=1\nb=2&c +%<x>中" };
  const hash = state.toHash(DEFINITION, values);
  assert.match(hash, /^#trial\?num_gpus=2000&price=3\.5&causal=false&changes=[\w%.]+$/);
  assert.deepEqual(state.fromHash(DEFINITION, hash), { values, errors: [] });
  assert.equal(state.toHash(DEFINITION, state.defaults(DEFINITION)), "#trial");
  assert.equal(state.nameInHash(hash), "trial");
});

test("an address with bad values keeps the rest and tells each", () => {
  const { values, errors } = state.fromHash(DEFINITION, "#trial?num_gpus=x&price=3&accelerator=b200&nonsense=1&%E0%A4%A=2");
  assert.deepEqual(values, { ...state.defaults(DEFINITION), price: 3 });
  assert.deepEqual(errors.slice(0, 3), [
    "num_gpus must be a whole number from 8 to 100,000; found 'x'",
    "accelerator must be one of h800-sxm, h100-sxm, 2.0; found 'b200'",
    "trial has no control 'nonsense'; it has num_gpus, price, accelerator, causal, changes",
  ]);
  assert.equal(errors.length, 4);
});

test("a line of Python names what is away from its default, as literals that Python reads back", () => {
  assert.equal(state.toPython(DEFINITION, state.defaults(DEFINITION)), 'moecalc.explore("trial")');
  const text = 'a="1"\n\\ \u2028 中 \u0000';
  const values = { num_gpus: 2000, price: 1e-7, accelerator: "2.0", causal: false, changes: text };
  const line = state.toPython(DEFINITION, values);
  assert.match(line, /^moecalc\.explore\("trial", num_gpus=2000, price=1e-7, accelerator=2\.0, causal=False, changes="/);
  const program = `
import ast, json, sys
call = ast.parse(json.load(sys.stdin)).body[0].value
print(json.dumps({told.arg: ast.literal_eval(told.value) for told in call.keywords}))`;
  assert.deepEqual(JSON.parse(python(program, line)), { num_gpus: 2000, price: 1e-7, accelerator: 2, causal: false, changes: text });
});

test("numbers of controls in words", () => {
  const [gpus, price] = DEFINITION.controls;
  assert.equal(state.inWords(gpus, 2048), "2,048 GPUs");
  assert.equal(state.inWords(price, 2), "2 USD per GPU-hour");
  assert.equal(state.inWords({ ...gpus, zero: "as in the config" }, 0), "as in the config");
  assert.equal(state.accepted(price), "a number from 0.1 to 20.0");
});

test("the nearest stop of a slider", () => {
  const [gpus] = DEFINITION.controls;
  assert.deepEqual([8, 2048, 2000, 1e5, 60_000].map((value) => state.nearestStop(gpus, value)), [0, 2, 2, 3, 3]);
});
