/** The numbers that the page writes are those that Python writes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bigInteger, fullPrecision, parse } from "../src/state/data.js";
import { fixed, plain, show } from "../src/state/format.js";
import { python } from "./python.js";

const UNITS = ["", "%", "USD", "bytes", "bytes/s", "FLOPs", "FLOP/s", "parameters", "tokens", "GPU-hours", "days", "x", "count"];

const CASES = `
import json, random
from moecalc.explorers._exchange import portable
from moecalc.base.units import show
random.seed(20241226)
units = json.load(__import__("sys").stdin)
values = [0, 1, -1, 7, 999, 1000, 1001, 999499, 999500, 999999, 671026404352, 2**53, 2**53 + 1, 2**60, -(2**70), 10**21, 10**30]
values += [0.0, -0.0, 1.0, 2.0, 56.0, 0.5, 1.5, 2.5, 0.125, 0.375, 2.675, 1e-5, 1e-7, -0.004, 999.4999, 999.5, 999.95, 9.9995, 1e16, 1e21, 1e22]
values += [0.0005, 1234.5, 12345.5, 1234567.5, -2.5, 0.25, 999500.0, 88.0, 3.3e24, 2.5e-3, 99.995, 100.0, 1e15 + 0.5]
values += [True, False, None, "MMLU", "5", "", "a<b", "123456789012345678901234567890 trees"]
# ties, and what lies an ulp beside them
for _ in range(300):
    tie = random.randrange(1, 10**6) / 2 ** random.randrange(0, 12)
    values += [tie, tie * (1 + 2**-52), -tie, tie * 1000]
for _ in range(700):
    values.append(random.choice((1, -1)) * 10 ** random.uniform(-8, 25))
    values.append(random.randrange(10 ** random.randrange(1, 26)))
cases = []
for value in values:
    for unit in random.sample(units, 4):
        digits = random.choice((0, 1, 2, 3, 3, 4, 4, 5, 6))
        cases.append([portable(value), unit, digits, show(value, unit, digits)])
print(json.dumps(cases))
`;

test("a value with its unit is written as moecalc.base.units.show writes it", () => {
  /** @type {[any, string, number, string][]} */
  const cases = parse(python(CASES, UNITS));
  assert.ok(cases.length > 5000);
  for (const [value, unit, digits, expected] of cases) {
    assert.equal(show(value, unit, digits), expected, `${fullPrecision(value)} ${unit} to ${digits} digits`);
  }
});

test("decimals are rounded as Python rounds them, an exact tie to the even digit", () => {
  const program = `
import json, random, sys
random.seed(1)
values = [random.randrange(1, 10**7) / 2 ** random.randrange(0, 20) for _ in range(3000)]
values += [random.uniform(-1e6, 1e6) for _ in range(1000)] + [0.5, 1.5, 2.5, -0.5, 1e21, 1.25e25]
print(json.dumps([[v, d, f"{v:.{d}f}"] for v in values for d in (0, 1, 2, 3, 6)]))`;
  for (const [value, decimals, expected] of parse(python(program))) {
    assert.equal(fixed(Number(value), decimals), expected);
  }
});

test("a number of a control, and a number at full precision, are those of Python", () => {
  const program = `
import json, random
random.seed(2)
values = [0, 8, 100_000, 50_000_000, 0.0, 0.05, 0.1, 20.0, 2.5, 1234567.0, 1234567.25, 1e-5, 1.5e-7, 1e15, 1e16, 1e22, 0.0001]
values += [random.uniform(0, 10 ** random.randrange(12)) for _ in range(500)]
print(json.dumps([[v, f"{v:,}", repr(v)] for v in values]))`;
  for (const [value, grouped, repr] of parse(python(program))) {
    assert.equal(plain(value), grouped);
    assert.equal(fullPrecision(value), repr);
  }
});

test("a float with a whole value is told from an integer, and digits in a text are left alone", () => {
  const data = parse('{"a": 56.0, "b": 56, "c": "1.0 and \\"2.0\\"", "d": [1e3, -0.0, 1.5]}');
  assert.deepEqual([fullPrecision(data.a), fullPrecision(data.b)], ["56.0", "56"]);
  assert.equal(data.c, '1.0 and "2.0"');
  assert.deepEqual(data.d.map(fullPrecision), ["1000.0", "-0.0", "1.5"]);
});

test("only digits beyond what numbers hold are an integer in disguise", () => {
  assert.equal(bigInteger("9007199254740993"), 9007199254740993n);
  assert.equal(bigInteger("-1152921504606846976"), -(2n ** 60n));
  for (const text of ["5", "2024", "9007199254740991", "12345678901234567 ", "0123456789012345678", ""]) {
    assert.equal(bigInteger(text), null, text);
  }
});

test("the numbers and cells of every explorer are written as the built page writes them", () => {
  const program = `
import json
from moecalc.explorers import explorers
from moecalc.explorers._exchange import portable
def cell(value, metric):
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and not metric.unit else metric.text(value)
cases = []
for explorer in explorers():
    result = explorer.run()
    shown = [(result.metrics[key], metric, metric.text) for key, metric in explorer.metrics.items()]
    shown += [(row.get(key), metric, lambda value, metric=metric: cell(value, metric)) for row in result.rows for key, metric in explorer.columns.items()]
    cases += [[portable(value), metric.unit, metric.digits, text(value)] for value, metric, text in shown]
print(json.dumps(cases))`;
  /** @type {[any, string, number, string][]} */
  const cases = parse(python(program));
  assert.ok(cases.length > 500);
  for (const [value, unit, digits, expected] of cases) assert.equal(show(value, unit, digits), expected);
});
