/** Marks that say their values and set controls. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Marks } from "../src/figure/marks.js";
import { inLines, nearest, setsOf, settingInWords, wordsOf } from "../src/figure/said.js";
import { fillTable } from "../src/figure/table.js";
import { parse } from "../src/state/data.js";
import { DEFINITION } from "./definition.js";
import { openPage } from "./dom.js";

const PICKING = { ...DEFINITION, picks: { num_gpus: "gpus", price: "rent", accelerator: "chip", causal: "mask" } };

/** @param {object[]} rows */
function filled(rows) {
  const table = /** @type {HTMLTableElement} */ (openPage().document.querySelector("details table"));
  fillTable(table, parse(JSON.stringify(rows)), DEFINITION.columns);
  return table;
}

test("a row's words are those of the table", () => {
  const table = filled([{ run: "<b>one</b>", days: 56.5, count: 3 }, { run: "two", days: null, count: 1234567 }]);
  assert.deepEqual(inLines(/** @type {any} */ (wordsOf(table, DEFINITION, 0))), ["<b>one</b>", "Days: 56.5", "Count: 3"]);
  assert.deepEqual(inLines(/** @type {any} */ (wordsOf(table, DEFINITION, 1))), ["two", "Count: 1,234,567"], "no empty ones");
  assert.equal(wordsOf(table, DEFINITION, 2), null);
});

test("an explorer says which columns a mark says; a number is named by its column", () => {
  const told = wordsOf(filled([{ run: "one", days: 56.5, count: 3 }]), { ...DEFINITION, says: ["count", "run"] }, 0);
  assert.deepEqual(told, { name: "Count 3", lines: [["Run", "one"]] });
});

test("a mark sets what its row holds, where the control takes it", () => {
  const row = (/** @type {string} */ text) => setsOf(PICKING, parse(text));
  assert.equal(row('{"gpus": 512}'), "num_gpus=512");
  assert.equal(row('{"gpus": 512.5, "rent": 2.0}'), "price=2", "a whole number alone");
  assert.equal(row('{"gpus": 7, "rent": 1000, "mask": null}'), "", "out of range");
  assert.equal(row('{"chip": "H100"}'), "accelerator=h100-sxm", "the words of an option");
  assert.equal(row('{"chip": "h800-sxm"}'), "accelerator=h800-sxm");
  assert.equal(row('{"chip": "two", "mask": false}'), "accelerator=2.0&causal=false");
  assert.equal(row('{"chip": "abacus"}'), "");
  assert.equal(setsOf(DEFINITION, { gpus: 512 }), "");
});

test("what it sets is said in words, unless it is set already", () => {
  const words = (/** @type {string} */ sets) => settingInWords(PICKING, sets, { num_gpus: 2048, accelerator: "h800-sxm" });
  assert.equal(words("num_gpus=4096"), "\u201cGPUs\u201d to 4,096");
  assert.equal(words("num_gpus=8&accelerator=h100-sxm"), "\u201cGPUs\u201d to 8, \u201cAccelerator\u201d to H100");
  assert.equal(words("num_gpus=2048"), "");
  assert.equal(words(""), "");
});

test("the nearest mark within reach is meant, of several the smallest", () => {
  const mark = (/** @type {number[]} */ [left, top, right, bottom], row = 0, unseen = false) => ({ row, unseen, box: { left, top, right, bottom } });
  const bars = [mark([0, 0, 100, 20], 0), mark([0, 30, 50, 50], 1), mark([40, 5, 60, 15], 2)];
  const row = (/** @type {number} */ x, /** @type {number} */ y) => nearest(bars, x, y)?.row ?? null;
  assert.deepEqual([row(10, 10), row(50, 10), row(10, 26), row(70, 45), row(90, 60)], [0, 2, 1, 1, null]);
  const line = [mark([10, 10, 12, 12], 0, true), mark([50, 10, 52, 12], 1, true)];
  assert.equal(nearest(line, 48, 90)?.row, 1, "below a point of a line");
  assert.equal(nearest(line, 31, 200), null);
});

/** A figure with three marks in each chart, and what its marks do. */
function figure() {
  const window = openPage();
  const { document } = window;
  const element = /** @type {HTMLElement} */ (document.querySelector("figure"));
  for (const svg of element.querySelectorAll("svg")) {
    for (const row of [2, 0, 0, 1]) {
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "path");
      mark.setAttribute("data-row", String(row));
      if (row !== 1) mark.setAttribute("data-sets", `n=${row}`);
      mark.append(document.createElementNS("http://www.w3.org/2000/svg", "title"));
      mark.getBoundingClientRect = () => new window.DOMRect(0, row * 100, 50, 20);
      mark.scrollIntoView = () => {};
      svg.append(mark);
    }
  }
  const said = /** @type {string[]} */ ([]);
  const set = /** @type {string[]} */ ([]);
  const marks = new Marks(element, {
    words: (row) => ({ name: `row ${row}`, lines: [["Value", String(10 * row)]] }),
    setting: (sets) => sets && `it to ${sets.slice(2)}`,
    set: (sets) => set.push(sets),
    speak: (sentence) => said.push(sentence),
  });
  marks.start();
  const chart = /** @type {HTMLElement} */ (element.querySelector(".chart-wide"));
  const point = (/** @type {string} */ name, /** @type {number} */ y, pointerType = "mouse", target = chart) =>
    target.dispatchEvent(Object.assign(new window.MouseEvent(name, { bubbles: true, clientX: 10, clientY: y }), { pointerType }));
  const press = (/** @type {string} */ key) => chart.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const label = /** @type {HTMLElement} */ (element.querySelector(".mark-label"));
  const told = () => (label.hidden ? null : [...label.querySelectorAll("p, dt, dd")].map((part) => part.textContent));
  const lit = () => [...element.querySelectorAll(".told")].map((mark) => mark.getAttribute("data-row"));
  return { element, window, chart, marks, label, point, press, told, lit, said, set };
}

test("the picture is one stop of the keyboard, and the browser's own labels are gone", () => {
  const { element, chart } = figure();
  assert.equal(chart.tabIndex, 0);
  assert.ok(chart.getAttribute("aria-label"));
  assert.equal(element.querySelectorAll("title").length, 0);
});

test("a mouse shows the label of a mark, and a click sets its control", () => {
  const { point, told, lit, set, said } = figure();
  point("pointermove", 5);
  assert.deepEqual(told(), ["row 0", "Value", "0", "Click: set it to 0"]);
  assert.deepEqual(lit(), ["0", "0"], "every mark of the row");
  point("pointermove", 105);
  assert.deepEqual(told(), ["row 1", "Value", "10"], "one that sets nothing has no hint");
  point("click", 105);
  point("pointermove", 160);
  assert.deepEqual([told(), lit()], [null, []]);
  point("click", 210);
  assert.deepEqual([set, said], [["n=2"], []], "only keys are spoken to");
});

test("a first tap asks, a second one sets, one beside the marks sends the label away", () => {
  const { point, told, set } = figure();
  point("pointermove", 5, "touch");
  assert.equal(told(), null, "a finger that moves scrolls");
  point("click", 5, "touch");
  assert.equal(told()?.at(-1), "Tap again: set it to 0");
  assert.deepEqual(set, []);
  point("click", 5, "touch");
  assert.deepEqual(set, ["n=0"]);
  point("click", 260, "touch");
  assert.equal(told(), null);
});

test("arrow keys go from row to row, Enter sets, Escape sends the label away", () => {
  const { chart, press, told, said, set } = figure();
  chart.focus();
  assert.equal(told()?.[0], "row 0");
  for (const [key, row] of /** @type {const} */ ([["ArrowRight", 1], ["ArrowDown", 2], ["ArrowDown", 2], ["ArrowLeft", 1], ["Home", 0], ["End", 2]])) {
    assert.equal(press(key), false, "the page does not scroll");
    assert.equal(told()?.[0], `row ${row}`, key);
  }
  assert.equal(said.at(-1), "row 2. Value: 20. Enter: set it to 2");
  press("Enter");
  assert.deepEqual(set, ["n=2"]);
  press("Escape");
  assert.equal(told(), null);
  assert.equal(press("Tab"), true);
  chart.focus();
  press("ArrowUp");
  chart.blur();
  assert.equal(told(), null);
});

test("a label that was sent away comes back at another mark", () => {
  const { point, press, told } = figure();
  point("pointermove", 5);
  press("Escape");
  point("pointermove", 6);
  assert.equal(told(), null);
  point("pointermove", 105);
  assert.equal(told()?.[0], "row 1");
});

test("the pointer may go onto the label", () => {
  const { point, told, label } = figure();
  point("pointermove", 5);
  point("pointermove", 160, "mouse", label);
  assert.equal(told()?.[0], "row 0");
});

test("a picture that lags behind says nothing, one that is drawn anew goes on", () => {
  const { element, chart, point, press, marks, told, said } = figure();
  element.classList.add("stale");
  point("pointermove", 5);
  assert.equal(told(), null);
  element.classList.remove("stale");
  chart.focus();
  press("End");
  const spoken = said.length;
  marks.redrawn();
  assert.equal(told()?.[0], "row 2");
  assert.equal(said.length, spoken, "not twice");
  chart.querySelector('[data-row="2"]')?.remove();
  marks.redrawn();
  assert.equal(told(), null);
});
