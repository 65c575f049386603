/** Rows as CSV. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { csv } from "../src/figure/csv.js";
import { parse } from "../src/state/data.js";
import { python } from "./python.js";

test("rows come out at full precision, quoted where needed, as Python's csv reads them", () => {
  const rows = parse(
    '[{"run": "a, \\"b\\"", "days": 56.0, "n": 3, "extra": 1}, {"run": "line\\r\\nend", "days": 0.1, "n": null}, {"run": "中", "n": "9007199254740993"}]',
  );
  const text = csv(rows, ["run", "days", "n"]);
  assert.equal(text, 'run,days,n\r\n"a, ""b""",56.0,3\r\n"line\r\nend",0.1,\r\n中,,9007199254740993\r\n');
  const program = "import csv, io, json, sys; print(json.dumps(list(csv.reader(io.StringIO(json.load(sys.stdin), newline='')))))";
  assert.deepEqual(JSON.parse(python(program, text)), [
    ["run", "days", "n"],
    ['a, "b"', "56.0", "3"],
    ["line\r\nend", "0.1", ""],
    ["中", "", "9007199254740993"],
  ]);
});
