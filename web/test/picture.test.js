/** The picture of a figure. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { forPage } from "../src/figure/for-page.js";
import { Picture, standalone } from "../src/figure/picture.js";
import { openPage } from "./dom.js";

const DRAWN = `<svg xmlns="http://www.w3.org/2000/svg" class="marks" width="640" height="300" viewBox="0 0 640 300">
<defs><clipPath id="clip0"><path d="M0,0"/></clipPath></defs>
<g clip-path="url(#clip0)" font-family="Arial"><text fill="#24292f" font-family="Arial">&lt;script&gt;alert(1)&lt;/script&gt;</text></g></svg>`;

test("a drawn picture is fitted to the page", () => {
  openPage();
  const svg = forPage(DRAWN);
  assert.equal(svg.getAttribute("role"), "img");
  assert.equal(svg.getAttribute("style"), "max-width: 640px;");
  assert.equal(svg.hasAttribute("width") || svg.hasAttribute("height"), false);
  const id = svg.querySelector("clipPath")?.id;
  assert.match(id ?? "", /^d\d+-clip0$/);
  assert.equal(svg.querySelector("g")?.getAttribute("clip-path"), `url(#${id})`);
  assert.notEqual(forPage(DRAWN).querySelector("clipPath")?.id, id);
  assert.doesNotMatch(svg.outerHTML, /font-family/);
  assert.equal(svg.querySelector("text")?.textContent, "<script>alert(1)</script>");
  assert.equal(svg.querySelector("text")?.getAttribute("fill"), "#24292f");
  assert.equal(svg.querySelector("script"), null);
});

test("a mark keeps the number of its row, and gets what it sets", async () => {
  const { document } = openPage();
  const element = /** @type {HTMLElement} */ (document.querySelector("figure"));
  const mark = (/** @type {string} */ label) => `<path ${label} role="graphics-symbol" aria-roledescription="bar" d="M0,0"/>`;
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg">${mark('aria-label="1"')}${mark('aria-label="0"')}${mark("")}</svg>`;
  let redrawn = 0;
  const sets = (/** @type {import("../src/types.js").Row} */ row) => (row.n === 5 ? "n=5" : "");
  const picture = new Picture(element, async () => forPage(drawn), { sets, redrawn: () => (redrawn += 1) });
  await picture.show([{ n: 5 }, { n: null }], "");
  const found = [...element.querySelectorAll(".chart-wide path")].map((path) => path.getAttributeNames().map((name) => `${name}=${path.getAttribute(name)}`));
  assert.deepEqual(found, [["d=M0,0", "data-row=1"], ["d=M0,0", "data-row=0", "data-sets=n=5"], ["d=M0,0"]]);
  assert.equal(redrawn, 1);
  picture.restore();
  assert.equal(redrawn, 2);
});

test("marks of a file of its own say their words", () => {
  const { document } = openPage();
  const svg = /** @type {SVGSVGElement} */ (document.querySelector(".chart-wide svg"));
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({ "data-row": "3", "data-sets": "a=1", class: "told" })) mark.setAttribute(name, value);
  svg.append(mark);
  assert.match(standalone(svg, (row) => `row <${row}>`), /<path><title>row &lt;3&gt;<\/title><\/path>/);
  assert.equal(mark.getAttribute("data-row"), "3", "the page's own stays");
});

test("a file of its own has a size and fonts", () => {
  const { document } = openPage();
  const text = standalone(/** @type {SVGSVGElement} */ (document.querySelector(".chart-wide svg")));
  assert.match(text, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg /);
  for (const part of ['xmlns="http://www.w3.org/2000/svg"', 'width="10"', 'height="20"', "font-family="]) {
    assert.ok(text.includes(part), part);
  }
});

/** A page's figure, with a hand on when each drawing is done. */
function figure(compares = false) {
  const { document } = openPage();
  const element = /** @type {HTMLElement} */ (document.querySelector("figure"));
  /** @type {{ chart: string, rows: object[], ghosts: object[], done: (svg: Element) => void, fail: (error: Error) => void }[]} */
  const drawings = [];
  const picture = new Picture(
    element,
    (chart, rows, ghosts) => new Promise((done, fail) => drawings.push({ chart, rows, ghosts, done, fail })),
    { ghosts: (rows) => (compares ? [{ n: 10 * Number(rows[0].n) }] : []) },
  );
  const text = (/** @type {string} */ size) => element.querySelector(`.chart-${size} text`)?.textContent;
  return { element, picture, drawings, text };
}
const svg = (/** @type {string} */ text) => forPage(`<svg xmlns="http://www.w3.org/2000/svg" width="1"><text>${text}</text></svg>`);
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("the chart that shows is drawn, in the words of the one before", async () => {
  const { element, picture, drawings, text } = figure();
  const shown = picture.show([{ n: 1 }], ".size");
  assert.ok(element.classList.contains("stale"));
  assert.deepEqual(drawings.map(({ chart, rows }) => [chart, rows]), [["wide.size", [{ n: 1 }]]]);
  drawings[0].done(svg("new"));
  await shown;
  assert.equal(text("wide"), "new");
  assert.equal(text("narrow"), "narrow, built");
  assert.equal(element.querySelector(".chart-wide svg")?.getAttribute("aria-label"), "A trial. What it shows.");
  assert.equal(element.classList.contains("stale"), false);
});

test("while one is drawn, only the newest of those that follow is", async () => {
  const { picture, drawings, text } = figure();
  void picture.show([{ n: 1 }], "");
  void picture.show([{ n: 2 }], "");
  const last = picture.show([{ n: 3 }], "");
  drawings[0].done(svg("first"));
  await settle();
  assert.equal(text("wide"), "wide, built", "what is outdated is not shown");
  assert.deepEqual(drawings.map(({ rows }) => rows), [[{ n: 1 }], [{ n: 3 }]]);
  drawings[1].done(svg("third"));
  await last;
  assert.equal(text("wide"), "third");
});

test("the picture that the page came with comes back, whatever is being drawn", async () => {
  const { element, picture, drawings, text } = figure();
  const shown = picture.show([{ n: 1 }], "");
  picture.restore();
  drawings[0].done(svg("late"));
  await shown;
  assert.equal(text("wide"), "wide, built");
  assert.equal(element.classList.contains("stale"), false);
});

test("what cannot be drawn stays marked, and the next is tried", async () => {
  const { element, picture, drawings, text } = figure();
  const failed = picture.show([{ n: 1 }], "");
  drawings[0].fail(new Error("no Vega"));
  await assert.rejects(failed);
  assert.ok(element.classList.contains("stale"));
  const shown = picture.show([{ n: 2 }], "");
  drawings[1].done(svg("second"));
  await shown;
  assert.equal(text("wide"), "second");
});

test("a picture is drawn again as it is, but not the one that the page came with", async () => {
  const { picture, drawings } = figure(true);
  await picture.again();
  assert.equal(drawings.length, 0);
  const shown = picture.show([{ n: 1 }], ".size");
  drawings[0].done(svg("first"));
  await shown;
  const again = picture.again();
  drawings[1].done(svg("second"));
  await again;
  const one = { chart: "wide.size", rows: [{ n: 1 }], ghosts: [{ n: 10 }] };
  assert.deepEqual(drawings.map(({ chart, rows, ghosts }) => ({ chart, rows, ghosts })), [one, one]);
});
