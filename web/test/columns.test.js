/** Columns of tables are written as Python writes them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fullPrecision, parse } from "../src/state/data.js";
import { fillTable } from "../src/figure/table.js";
import { column } from "../src/state/columns.js";
import { openPage } from "./dom.js";
import { python } from "./python.js";

const UNITS = ["", "%", "USD", "bytes", "bytes/s", "FLOPs", "FLOP/s", "parameters", "tokens", "GPU-hours", "days", "x", "GPUs"];
const LABELS = ["Share", "GPU-hours, published", "Days", "USD at $2", "FLOPs a token", "Tokens done", "Bytes", "Parameters"];

const CASES = `
import json, random, sys
from moecalc.base.columns import column
from moecalc.explorers._exchange import portable
random.seed(20241226)
units, labels = json.load(sys.stdin)
seldom = [0, 0.0, -0.0, None, "a word", "2024", True, False, 2**53 + 1, 10**24, 0.5, 2.5, 999.95, 1000, 999, 1e-9, 0.00022, 1 / 3]
def value(decade):
    kind = random.randrange(8)
    if kind == 0:
        return random.choice(seldom)
    size = random.choice((1, 1, 1, -1)) * 10 ** (decade + random.uniform(-2, 2))
    if kind == 1:
        return random.randrange(1, 10**6) / 2 ** random.randrange(0, 12)
    return round(size) if kind < 5 else round(size, 2) if kind == 5 else size
cases = []
for _ in range(4000):
    decade = random.uniform(-5, 18)
    values = [value(decade) for _ in range(random.randrange(7))]
    if random.random() < 0.3:
        values = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
    unit, digits, label = random.choice(units), random.choice((0, 1, 2, 3, 4, 4, 6)), random.choice(labels)
    cases.append([[portable(one) for one in values], unit, digits, label, column(values, unit, digits, label)])
print(json.dumps(cases))
`;

test("unit and cells of a column are those of moecalc.base.columns", () => {
  /** @type {[any[], string, number, string, [string, string[]]][]} */
  const cases = parse(python(CASES, [UNITS, LABELS]));
  assert.ok(cases.length === 4000);
  for (const [values, unit, digits, label, [heading, cells]] of cases) {
    const told = `${values.map(fullPrecision)} in ${unit} to ${digits} digits under ${label}`;
    assert.deepEqual(column(values, { label, unit, digits }), { unit: heading, cells }, told);
  }
});

test("the table of every explorer is the one that the build writes", () => {
  const program = `
import json
from moebook.html import table
from moecalc.explorers import explorers, portable
print(json.dumps([
    [one.name, {key: metric._asdict() for key, metric in one.columns.items()}, portable(rows), table(rows, one.columns)]
    for one in explorers() for rows in [one.run().rows]
]))`;
  const { document } = openPage();
  /** @type {[string, Record<string, any>, any[], string][]} */
  const cases = parse(python(program));
  assert.ok(cases.length >= 20);
  for (const [name, columns, rows, html] of cases) {
    const built = document.createElement("div");
    built.innerHTML = html;
    const table = /** @type {HTMLTableElement} */ (built.querySelector("table"));
    const lines = () => [...table.rows].map((row) => row.innerHTML.replaceAll(' class=""', ""));
    const before = lines();
    fillTable(table, rows, columns);
    assert.deepEqual(lines(), before, name);
  }
});
