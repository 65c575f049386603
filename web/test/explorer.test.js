/** A figure in a page, with an engine that answers when it is told to. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Address } from "../src/state/address.js";
import { Explorer } from "../src/figure/explorer.js";
import { forPage } from "../src/figure/for-page.js";
import { withoutUnit } from "../src/figure/readout.js";
import { DEFINITION } from "./definition.js";
import { openPage } from "./dom.js";

/**
 * @import { Draw, Reply } from "../src/types.js"
 */

class FakeEngine {
  state = "idle";
  progress = /** @type {any} */ (null);
  failure = "";
  started = 0;
  /** @type {{ values: object, reply: (reply: Reply) => void, progress: (share: number, soFar?: import("../src/types.js").Answer) => void }[]} */
  asked = [];
  /** @type {() => void} */
  #tell = () => {};

  onChange(/** @type {() => void} */ listener) {
    this.#tell = listener;
  }

  start() {
    this.started += 1;
  }

  cancel() {
    this.asked.at(-1)?.reply({ superseded: true });
  }

  ask(/** @type {string} */ _name, /** @type {string} */ values, /** @type {(share: number, soFar?: object) => void} */ progress) {
    if (this.state === "failed") return Promise.resolve({ failed: this.failure });
    return new Promise((reply) => this.asked.push({ values: JSON.parse(values), reply, progress }));
  }

  become(/** @type {object} */ changes) {
    Object.assign(this, changes);
    this.#tell();
  }
}

const ROWS = [{ run: "from the engine", days: 1.5, count: 9 }];
const ANSWER = { answer: { metrics: { none: null, usd: 1000, days: 1.5 }, rows: ROWS } };
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** @type {Draw} */
const named = async (chart) => forPage(`<svg xmlns="http://www.w3.org/2000/svg"><text>${chart}</text></svg>`);

function open(hash = "", draw = named, definition = DEFINITION) {
  const window = openPage(hash);
  const section = /** @type {HTMLElement} */ (window.document.querySelector("section"));
  const engine = new FakeEngine();
  const address = new Address(window);
  const explorer = new Explorer(section, definition, { engine: /** @type {any} */ (engine), address, draw });
  explorer.start();
  /** @type {(selector: string) => any} */
  const find = (selector) => section.querySelector(selector);
  return {
    window,
    section,
    engine,
    find,
    move(/** @type {string} */ key, /** @type {string | boolean} */ value, { commit = true, slider = false } = {}) {
      const control = find(slider ? `[data-slider-for="${key}"]` : `[data-control="${key}"]`);
      if (typeof value === "boolean") control.checked = value;
      else control.value = value;
      control.dispatchEvent(new window.Event("input", { bubbles: true }));
      if (commit) control.dispatchEvent(new window.Event("change", { bubbles: true }));
    },
    press: (/** @type {string} */ action) => find(`[data-action="${action}"]`).click(),
    busy: () => section.getAttribute("aria-busy") === "true",
    stale: (/** @type {string} */ selector) => find(selector).classList.contains("stale"),
    metric: (/** @type {string} */ key) => find(`[data-metric="${key}"]`).textContent,
    status: () => find(".explorer-status").textContent,
    error: () => (find(".explorer-error").hidden ? "" : find(".explorer-error").textContent),
    hash: () => window.location.hash,
    cells: () => [...section.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent)),
  };
}

test("at the start the controls are enabled, the excuse is gone and the numbers stand", () => {
  const page = open();
  assert.equal(page.find("fieldset").disabled, false);
  assert.equal(page.section.querySelectorAll("button:disabled").length, 0);
  assert.equal(page.find(".no-js").hidden, true);
  assert.deepEqual([page.metric("usd"), page.busy(), page.status(), page.hash()], ["$5.576 M", false, "", ""]);
  assert.equal(page.section.dataset.engine, "idle");
  assert.equal(page.engine.started, 0);
});

test("a stored move is answered within the event, rows and all", async () => {
  const page = open();
  page.move("num_gpus", "8");
  assert.deepEqual([page.metric("days"), page.metric("usd"), page.metric("none")], ["14,520 days", "$5.576 M", "–"]);
  assert.equal(page.find('[data-metric="days"]').dataset.value, "14520.0");
  assert.equal(page.busy(), false);
  assert.deepEqual(page.cells(), [["this, \"one\"", "56.5", "3"], ["<b>other</b>", "–", "1,234,567"]]);
  assert.equal(page.find(".data-table > summary").textContent, "Data table, 2 rows");
  assert.ok(page.stale("figure"), "the picture follows");
  await settle();
  assert.equal(page.stale("figure"), false);
  assert.equal(page.find(".chart-wide text").textContent, "wide");
  assert.equal(page.engine.asked.length, 0);
});

test("back at the values of the page, the page's own numbers, picture and table come back", async () => {
  const page = open();
  page.move("num_gpus", "8");
  await settle();
  page.move("num_gpus", "2048");
  assert.deepEqual([page.metric("days"), page.find('[data-metric="days"]').dataset.value], ["56.7 days", "56.722"]);
  assert.deepEqual(page.cells(), [["built", "1.00", "2"]]);
  assert.equal(page.find(".data-table > summary").textContent, "Data table, 1 rows");
  assert.equal(page.find(".chart-wide text").textContent, "wide, built");
});

test("a number that changes is marked for a moment, and a headline says beside it what the page came with", async () => {
  const page = open();
  const [usd, days] = ["usd", "days"].map((key) => page.find(`[data-metric="${key}"]`));
  const was = usd.nextElementSibling;
  assert.deepEqual([was.hidden, days.nextElementSibling], [true, null]);
  page.move("price", "3");
  assert.deepEqual([usd.textContent, was.hidden, was.textContent], ["$8.364 M", false, "$5.576"]);
  assert.deepEqual([usd.className, days.className], ["changed", ""], "what stays is not marked");
  page.move("num_gpus", "8");
  page.move("price", "2");
  assert.equal(usd.className, "changed-again");
  assert.deepEqual([usd.textContent, was.hidden, days.className], ["$5.576 M", true, "changed"]);
  mock.timers.tick(1199);
  assert.equal(days.className, "changed");
  mock.timers.tick(1);
  assert.deepEqual([usd.className, days.className], ["", ""]);
});

test("a headline's unit is not said twice", () => {
  assert.equal(withoutUnit("71.0 GB", "64.2 GB"), "71.0");
  assert.equal(withoutUnit("71.0 GB", "640 MB"), "71.0 GB");
  assert.equal(withoutUnit("absorbed", "plain"), "absorbed");
  assert.equal(withoutUnit("no unit", "any unit"), "no unit");
});

test("a folded control that a link moves is unfolded", async () => {
  assert.equal(open().find(".more-controls").open, false);
  assert.equal(open("#trial?price=3").find(".more-controls").open, false);
  assert.equal(open("#trial?changes=abc").find(".more-controls").open, true);
});

test("a slider moves by its stops and says its value in words", () => {
  const page = open();
  page.move("num_gpus", "0", { slider: true });
  assert.equal(page.find('[data-control="num_gpus"]').value, "8");
  assert.equal(page.find('[data-slider-for="num_gpus"]').getAttribute("aria-valuetext"), "8 GPUs");
  assert.equal(page.metric("days"), "14,520 days");
  page.move("num_gpus", "900");
  assert.equal(page.find('[data-slider-for="num_gpus"]').value, "1");
  assert.equal(page.find('[data-slider-for="num_gpus"]').getAttribute("aria-valuetext"), "900 GPUs");
});

test("a stored move without rows shows its numbers, and stays busy until the rest is there", async () => {
  const page = open();
  page.move("num_gpus", "1000");
  assert.equal(page.metric("usd"), "$9,007 T");
  assert.deepEqual([page.busy(), page.stale(".metrics"), page.stale("figure"), page.stale(".data-table")], [true, false, true, true]);
  assert.deepEqual(page.engine.asked[0].values, { num_gpus: 1000 });
  page.engine.asked[0].reply(ANSWER);
  await settle();
  await settle();
  assert.deepEqual([page.busy(), page.stale("figure"), page.stale(".data-table")], [false, false, false]);
  assert.equal(page.cells()[0][0], "from the engine");
});

test("without an engine, a stored move without rows says that the picture lags behind", async () => {
  const page = open();
  page.engine.become({ state: "failed", failure: "The engine stopped" });
  assert.equal(page.status(), "The engine stopped; moves of one control alone are still answered.");
  page.move("num_gpus", "1000");
  await settle();
  assert.equal(page.busy(), false);
  assert.ok(page.stale("figure") && page.stale(".data-table") && !page.stale(".metrics"));
  assert.equal(page.status(), "The engine stopped; picture and table are those of the last state that was computed.");
});

test("what only the engine knows leaves the numbers busy until it answers", async () => {
  const page = open();
  page.move("num_gpus", "900");
  assert.deepEqual([page.busy(), page.metric("usd")], [true, "$5.576 M"]);
  assert.equal(page.status(), "", "a short computation is not announced");
  mock.timers.tick(300);
  assert.equal(page.status(), "Computing");
  page.engine.asked[0].reply(ANSWER);
  await settle();
  assert.deepEqual([page.busy(), page.metric("usd"), page.status()], [false, "$1.000 K", ""]);
});

test("a long computation tells how far it is, to the eye alone, until its answer is there", async () => {
  const page = open();
  page.move("num_gpus", "900");
  const [{ progress, reply }] = page.engine.asked;
  progress(0.125);
  assert.equal(page.status(), "", "a short one is not announced");
  mock.timers.tick(300);
  assert.equal(page.status(), "Computing: 12 %");
  const [sentence, figures] = page.find(".explorer-status").children;
  progress(0.999);
  assert.equal(page.status(), "Computing: 99 %");
  assert.equal(page.find(".explorer-status").children[0], sentence, "what counts up does not say the sentence again");
  assert.deepEqual([sentence.textContent, figures.getAttribute("aria-hidden")], ["Computing", "true"]);
  reply(ANSWER);
  await settle();
  assert.deepEqual([page.busy(), page.status()], [false, ""]);
});

test("what a long computation has found so far is shown before its end, as not yet the answer", async () => {
  const page = open();
  page.move("num_gpus", "900");
  const [{ progress, reply }] = page.engine.asked;
  mock.timers.tick(300);
  progress(0.25, { metrics: { none: null, usd: 2000, days: 3 }, rows: ROWS });
  assert.deepEqual([page.busy(), page.metric("usd")], [true, "$2.000 K"]);
  assert.equal(page.status(), "Shown is what was found so far; computing: 25 %");
  reply({ failed: "The engine stopped" });
  await settle();
  assert.deepEqual([page.busy(), page.metric("usd")], [false, "$2.000 K"]);
  assert.equal(page.status(), "The engine stopped; the numbers are those found until then.");
});

test("what was found so far of an older move is not shown", async () => {
  const page = open();
  page.move("num_gpus", "900");
  page.move("num_gpus", "901");
  page.engine.asked[0].progress(0.25, { metrics: { none: null, usd: 2000, days: 3 }, rows: ROWS });
  assert.notEqual(page.metric("usd"), "$2.000 K");
  page.engine.asked[1].reply(ANSWER);
  await settle();
  assert.deepEqual([page.busy(), page.metric("usd")], [false, "$1.000 K"]);
});

test("how far a computation is counts from the start again with each move, and with each worker", () => {
  const page = open();
  page.engine.become({ state: "ready" });
  page.move("num_gpus", "900");
  page.engine.asked[0].progress(0.5);
  page.move("num_gpus", "901");
  mock.timers.tick(300);
  assert.equal(page.status(), "Computing");
  page.engine.asked[1].progress(0.5);
  page.engine.become({ state: "loading" });
  page.engine.become({ state: "ready" });
  assert.equal(page.status(), "Computing");
});

test("only the newest of several moves is shown", async () => {
  const page = open();
  page.move("num_gpus", "900", { commit: false });
  page.move("num_gpus", "901", { commit: false });
  assert.equal(page.engine.asked.length, 2);
  page.engine.asked[0].reply(ANSWER);
  await settle();
  assert.equal(page.busy(), true);
  page.move("num_gpus", "8", { commit: false });
  page.engine.asked[1].reply(ANSWER);
  await settle();
  assert.equal(page.metric("days"), "14,520 days");
});

test("a committed value that was computed already is not computed again", async () => {
  const page = open();
  page.move("num_gpus", "900", { commit: false });
  page.engine.asked[0].reply(ANSWER);
  await settle();
  page.move("num_gpus", "900");
  assert.equal(page.engine.asked.length, 1);
});

test("a value that is not accepted is told beside its box, and the last good numbers stay, marked", () => {
  for (const bad of ["", "3", "100001", "8.5"]) {
    const page = open();
    page.move("price", "3");
    page.move("num_gpus", bad);
    const box = page.find('[data-control="num_gpus"]');
    const note = box.closest(".control").querySelector(".control-error");
    assert.deepEqual([note.hidden, note.textContent], [false, "Takes a whole number from 8 to 100,000."], bad);
    assert.deepEqual([box.getAttribute("aria-invalid"), box.getAttribute("aria-errormessage")], ["true", "e1"]);
    assert.deepEqual([page.busy(), page.stale(".metrics"), page.metric("usd")], [false, true, "$8.364 M"]);
    assert.equal(page.status(), "The numbers are those of the last values that were accepted.");
    assert.equal(page.hash(), "#trial?price=3");
    assert.equal(page.engine.asked.length, 0);
    page.move("num_gpus", "2048");
    assert.deepEqual([note.hidden, box.hasAttribute("aria-invalid"), page.stale(".metrics"), page.status()], [true, false, false, ""]);
  }
});

test("a bad value takes the move before it back", async () => {
  const page = open();
  page.move("num_gpus", "900");
  page.move("num_gpus", "");
  page.engine.asked[0].reply(ANSWER);
  await settle();
  assert.deepEqual([page.metric("usd"), page.busy()], ["$5.576 M", false]);
});

test("values that a calculator refuses are told in its sentence, as text", async () => {
  const page = open();
  page.move("changes", "<script>");
  page.engine.asked[0].reply({ answer: { error: "found '<script>'" } });
  await settle();
  assert.deepEqual([page.error(), page.busy(), page.stale(".metrics")], ["found '<script>'", false, true]);
  assert.equal(page.find(".explorer-error").children.length, 0);
  page.move("changes", "");
  assert.deepEqual([page.error(), page.stale(".metrics")], ["", false]);
  page.move("accelerator", "2.0");
  assert.equal(page.error(), "no such thing", "a stored move may be refused, too");
});

test("a text is computed some time after the last key, and at once when it is left", () => {
  const page = open();
  page.move("changes", "a", { commit: false });
  mock.timers.tick(399);
  page.move("changes", "ab", { commit: false });
  mock.timers.tick(399);
  assert.deepEqual([page.busy(), page.engine.asked.length], [true, 0]);
  mock.timers.tick(1);
  assert.deepEqual(page.engine.asked.map(({ values }) => values), [{ changes: "ab" }]);
  page.move("changes", "abc");
  assert.deepEqual(page.engine.asked.at(-1)?.values, { changes: "abc" });
});

test("the status tells how far the engine is, to those who use the figure", () => {
  const page = open();
  page.engine.become({ state: "loading" });
  assert.equal(page.status(), "", "a start of its own accord is silent");
  assert.equal(page.section.dataset.engine, "loading");
  page.find("select").dispatchEvent(new page.window.Event("focusin", { bubbles: true }));
  assert.equal(page.engine.started, 1);
  assert.equal(page.status(), "Starting the engine");
  page.engine.become({ progress: { stage: "download", loaded: 1_250_000, total: 6_400_000 } });
  assert.equal(page.status(), "Loading the engine that computes any values: 1.3 of 6.4 MB");
  const [sentence, figures] = page.find(".explorer-status").children;
  page.engine.become({ progress: { stage: "download", loaded: 6_400_000, total: 6_400_000 } });
  assert.equal(page.find(".explorer-status").children[0], sentence, "what counts up does not say the sentence again");
  assert.deepEqual([figures.textContent, figures.getAttribute("aria-hidden")], [": 6.4 of 6.4 MB", "true"]);
  page.engine.become({ state: "ready", progress: null });
  assert.deepEqual([page.status(), page.section.dataset.engine], ["", "ready"]);
});

test("when the engine fails, the numbers that it owes are told to be old", async () => {
  const page = open();
  page.move("num_gpus", "900");
  page.engine.become({ state: "failed", failure: "The engine stopped" });
  page.engine.asked[0].reply({ failed: "The engine stopped" });
  await settle();
  assert.deepEqual([page.busy(), page.stale(".metrics")], [false, true]);
  assert.equal(page.status(), "The engine stopped; the numbers are those of the last state that was computed.");
  page.move("num_gpus", "8");
  assert.deepEqual([page.busy(), page.stale(".metrics"), page.metric("days")], [false, false, "14,520 days"]);
});

test("a picture that cannot be drawn is told; numbers and table stand", async () => {
  const page = open("", () => Promise.reject(new Error("offline")));
  page.move("num_gpus", "8");
  await settle();
  assert.deepEqual([page.metric("days"), page.busy(), page.stale("figure")], ["14,520 days", false, true]);
  assert.equal(page.status(), "The picture could not be drawn; it is that of an earlier state.");
});

test("one sentence is announced, some time after the last move", () => {
  const page = open();
  page.find("select").dispatchEvent(new page.window.Event("focusin", { bubbles: true }));
  const heard = () => page.find(".explorer-announcement").textContent;
  page.move("num_gpus", "8", { commit: false });
  mock.timers.tick(599);
  page.move("num_gpus", "2048", { commit: false });
  mock.timers.tick(599);
  assert.equal(heard(), "");
  mock.timers.tick(1);
  assert.equal(heard(), "A trial: Cost $5.576 M");
  assert.equal(page.find("output").getAttribute("aria-live"), "off");
});

test("the address follows; Back undoes one change, a drag included", async () => {
  const page = open();
  const length = page.window.history.length;
  for (const at of ["0", "1", "0"]) page.move("num_gpus", at, { slider: true, commit: false });
  assert.equal(page.hash(), "#trial?num_gpus=8");
  assert.equal(page.window.history.length, length);
  page.move("num_gpus", "0", { slider: true });
  page.move("causal", false);
  assert.equal(page.hash(), "#trial?num_gpus=8&causal=false");
  assert.equal(page.window.history.length, length + 2);
  page.engine.asked.at(-1)?.reply(ANSWER);

  const back = () =>
    new Promise((resolve) => {
      page.window.addEventListener("popstate", resolve, { once: true });
      page.window.history.back();
    });
  mock.timers.reset();
  await back();
  assert.deepEqual([page.hash(), page.metric("days"), page.find('[data-control="causal"]').checked], ["#trial?num_gpus=8", "14,520 days", true]);
  await back();
  assert.deepEqual([page.hash(), page.metric("days"), page.find('[data-control="num_gpus"]').value], ["", "56.7 days", "2048"]);
});

test("a drag that ends where it began leaves no trace", () => {
  const page = open("#elsewhere");
  const length = page.window.history.length;
  page.move("num_gpus", "0", { slider: true, commit: false });
  page.move("num_gpus", "2", { slider: true });
  assert.equal(page.hash(), "#elsewhere");
  assert.equal(page.window.history.length, length);
});

test("a link restores its state; what is bad in it is told, and the rest kept", () => {
  const page = open("#trial?num_gpus=8");
  assert.deepEqual([page.find('[data-control="num_gpus"]').value, page.metric("days")], ["8", "14,520 days"]);
  const bad = open("#trial?num_gpus=x&price=3");
  assert.deepEqual([bad.find('[data-control="num_gpus"]').value, bad.metric("usd")], ["2048", "$8.364 M"]);
  assert.equal(bad.error(), "num_gpus must be a whole number from 8 to 100,000; found 'x'");
  bad.move("price", "2");
  assert.equal(bad.error(), "");
});

test("a link to something else on the page is left alone", () => {
  const page = open("#trial-title");
  assert.equal(page.metric("days"), "56.7 days");
  assert.equal(page.hash(), "#trial-title");
});

test("buttons: reset, link, Python, and what is said where copying is refused", async () => {
  const page = open();
  /** @type {string[]} */
  const copied = [];
  const clipboard = { writeText: async (/** @type {string} */ text) => void copied.push(text) };
  Object.defineProperty(globalThis, "navigator", { value: { clipboard }, configurable: true });
  page.move("price", "3");
  page.press("link");
  await settle();
  assert.equal(page.status(), "The link is copied.");
  page.press("python");
  await settle();
  assert.equal(page.status(), "The line of Python is copied.");
  assert.deepEqual(copied, ["https://site.example/book/page.html#trial?price=3", 'moecalc.explore("trial", price=3)']);

  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  page.press("python");
  await settle();
  assert.equal(page.status(), 'Copying was refused; copy this: moecalc.explore("trial", price=3)');
  assert.equal(String(page.window.getSelection()), 'moecalc.explore("trial", price=3)');

  page.press("reset");
  assert.deepEqual([page.metric("usd"), page.find('[data-control="price"]').value, page.hash()], ["$5.576 M", "2", "#trial"]);
});

test("the default is compared with: its rows are drawn with others, until the button is pressed again", async () => {
  const before = [{ run: "built", days: 1, count: 2 }];
  const definition = { ...DEFINITION, compares: ["run"], variants: ["causal"], defaults: { rows: before } };
  /** @type {[string, string, number][]} */
  const drawn = [];
  const page = open("", (chart, rows, ghosts) => (drawn.push([chart, String(rows[0]?.run), ghosts.length]), named(chart, [], [])), definition);
  const button = page.find('[data-action="compare"]');
  page.press("compare");
  assert.deepEqual([button.getAttribute("aria-pressed"), drawn, page.status()], ["true", [], ""], "there is nothing to compare with");
  page.move("num_gpus", "8");
  await settle();
  assert.deepEqual(drawn.splice(0), [["wide.True", 'this, "one"', 0]]);
  assert.match(page.status(), /something else/);
  page.engine.state = "ready";
  page.move("price", "3.5");
  page.engine.asked[0].reply({ answer: { metrics: {}, rows: [{ run: "built", days: 7, count: 2 }] } });
  await settle();
  assert.deepEqual([drawn.splice(0), page.status()], [[["wide.True", "built", 1]], ""]);
  page.press("compare");
  await settle();
  assert.deepEqual([button.getAttribute("aria-pressed"), drawn.splice(0)], ["false", [["wide.True", "built", 0]]]);
  page.press("compare");
  await settle();
  assert.deepEqual(drawn.splice(0), [["wide.True", "built", 1]]);
  page.press("reset");
  await settle();
  assert.deepEqual([drawn, page.find(".chart-wide text").textContent], [[], "wide, built"]);
});

test("files: the rows shown at full precision, the picture shown", async () => {
  const page = open();
  /** @type {Blob[]} */
  const saved = [];
  mock.method(URL, "createObjectURL", (/** @type {Blob} */ blob) => (saved.push(blob), "blob:x"));
  page.window.HTMLAnchorElement.prototype.click = () => {};
  page.move("num_gpus", "8");
  page.press("csv");
  await settle();
  assert.equal(await saved[0].text(), 'run,days,count\r\n"this, ""one""",56.5,3\r\n<b>other</b>,,1234567\r\n');
  page.press("svg");
  assert.match(await saved[1].text(), /<text[^>]*>wide<\/text>/);

  page.move("num_gpus", "2048");
  page.press("csv");
  page.engine.asked[0].reply(ANSWER);
  await settle();
  assert.equal(await saved[2].text(), "run,days,count\r\nfrom the engine,1.5,9\r\n", "the page holds its own rows as text only");
  page.engine.become({ state: "failed", failure: "The engine stopped" });
  page.press("csv");
  await settle();
  assert.equal(page.status(), "The table at full precision needs the engine, which is not there.");
});

const LONG = `{"model_type": "llama", "note": "${"long ".repeat(200)}"}`;

test("a long text is packed into the address, and opening that gives it back", async () => {
  const page = open();
  page.move("changes", LONG);
  await waitFor(() => page.hash().includes("~"));
  assert.match(page.hash(), /^#trial\?changes=~[\w-]{20,300}$/);
  const again = open(page.hash());
  await waitFor(() => again.find('[data-control="changes"]').value === LONG);
  assert.equal(again.hash(), page.hash());
  assert.deepEqual(again.engine.asked.at(-1)?.values, { changes: LONG });
  assert.equal(again.error(), "");
});

test("a damaged link is told, and the page's own numbers stand", async () => {
  const page = open("#trial?changes=~xxxx");
  await waitFor(() => page.error() !== "");
  assert.equal(page.error(), "changes: the link has a text that is damaged or cut off");
  assert.deepEqual([page.metric("usd"), page.busy()], ["$5.576 M", false]);
});

test("a chosen file fills the text box", async () => {
  const page = open();
  const box = page.find('[data-control="changes"]');
  const chooser = page.find('[data-file-for="changes"]');
  Object.defineProperty(chooser, "files", { value: [new Blob([LONG])], configurable: true });
  chooser.dispatchEvent(new page.window.Event("change", { bubbles: true }));
  await waitFor(() => box.value === LONG);
  assert.deepEqual(page.engine.asked.at(-1)?.values, { changes: LONG });
  Object.defineProperty(chooser, "files", { value: [new Blob(["x".repeat(900_000)])], configurable: true });
  chooser.dispatchEvent(new page.window.Event("change", { bubbles: true }));
  await waitFor(() => box.getAttribute("aria-invalid") === "true");
  assert.equal(box.value.length, 200_001);
});

/**
 * Wait for streams, which no mocked clock moves.
 *
 * @param {() => boolean} done
 */
async function waitFor(done) {
  // Texts are packed on another thread: a number of turns says nothing of how long that takes.
  const end = performance.now() + 30_000;
  while (!done() && performance.now() < end) await settle();
  assert.ok(done());
}

test("a link that was shared under a name that the figure had before opens it", () => {
  const page = open("#before?num_gpus=8");
  assert.deepEqual([page.find('[data-control="num_gpus"]').value, page.metric("days")], ["8", "14,520 days"]);
  assert.equal(open("#other?num_gpus=8").find('[data-control="num_gpus"]').value, "2048");
});
