/** The data table that is built from rows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "../src/state/data.js";
import { fillTable } from "../src/figure/table.js";
import { DEFINITION } from "./definition.js";
import { openPage } from "./dom.js";
import { python } from "./python.js";

const ROWS = parse(
  '[{"run": "<b>\\"this\\"</b>", "days": 56.0, "count": 3}, {"run": "other", "days": null, "count": "9007199254740993"}, {"run": "third", "count": 7}]',
);

test("the cells are those that the build writes, and text is only ever text", () => {
  const { document } = openPage();
  const table = /** @type {HTMLTableElement} */ (document.querySelector("table"));
  fillTable(table, ROWS, DEFINITION.columns);
  const program = `
import json
from moebook.html import table
from moecalc.explorers import Metric
rows = [{"run": '<b>"this"</b>', "days": 56.0, "count": 3}, {"run": "other", "days": None, "count": 2**53 + 1}, {"run": "third", "count": 7}]
print(table(rows, {"run": Metric("Run"), "days": Metric("Days", "", 3), "count": Metric("Count")}))`;
  const built = document.createElement("div");
  built.innerHTML = python(program);
  const cells = (/** @type {ParentNode | null} */ within) =>
    [...(within?.querySelectorAll("tr") ?? [])].map((row) => [...row.children].map((cell) => cell.outerHTML.replace(' class=""', "")));
  assert.deepEqual(cells(table), cells(built.querySelector("table")));
  assert.equal(table.querySelector("b"), null);
});

test("no rows leave an empty table", () => {
  const { document } = openPage();
  const table = /** @type {HTMLTableElement} */ (document.querySelector("table"));
  fillTable(table, [], DEFINITION.columns);
  assert.equal(table.querySelectorAll("tbody tr").length, 0);
  assert.equal(table.querySelectorAll("thead .number").length, 0);
});
