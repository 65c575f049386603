/**
 * The marks of a figure's picture: pointing at one, tapping it or going to it with the arrow keys
 * shows a label with its values; a click or Enter sets the control that it stands for.
 *
 * All listens on the figure, so a picture that is drawn anew needs nothing. The picture is one
 * stop of the Tab key, whatever the number of its marks.
 *
 * @import { Place, Words } from "./said.js"
 */

import { Label } from "./label.js";
import { inLines, nearest } from "./said.js";

const TOLD = "told";
const KEYS = "Picture: the arrow keys go from mark to mark";

/**
 * @typedef {object} Told what is being said
 * @property {Element} chart
 * @property {number} row
 * @property {"keys" | "mouse" | "touch"} by
 * @property {{ x: number, y: number } | null} at where the pointer is
 */

export class Marks {
  /** @type {Told | null} */
  #told = null;
  /** the row whose label the reader has sent away, until another is pointed at @type {number | null} */
  #dismissed = null;

  /**
   * @param {Element} figure
   * @param {object} with_
   * @param {(row: number) => Words | null} with_.words
   * @param {(sets: string) => string} with_.setting what a mark would set, in words; empty where that changes nothing
   * @param {(sets: string) => void} with_.set
   * @param {(sentence: string) => void} with_.speak
   */
  constructor(figure, { words, setting, set, speak }) {
    this.figure = figure;
    this.words = words;
    this.setting = setting;
    this.set = set;
    this.speak = speak;
    this.label = new Label(figure);
  }

  /** Take up work. */
  start() {
    // the browser's own label would stand beside ours
    for (const title of this.figure.querySelectorAll("[data-row] > title")) title.remove();
    for (const chart of this.figure.querySelectorAll(".chart")) {
      chart.setAttribute("tabindex", "0");
      // of this role, since screen readers hand it the arrow keys
      chart.setAttribute("role", "application");
      chart.setAttribute("aria-label", KEYS);
    }
    this.#on(this.figure, "pointermove", (event) => this.#pointed(/** @type {PointerEvent} */ (event)));
    this.#on(this.figure, "pointerleave", () => this.#left());
    this.#on(this.figure, "click", (event) => this.#clicked(/** @type {PointerEvent} */ (event)));
    this.#on(this.figure, "keydown", (event) => this.#pressed(/** @type {KeyboardEvent} */ (event)));
    this.#on(this.figure, "focusin", (event) => this.#focused(event.target));
    this.#on(this.figure, "focusout", () => this.#told?.by === "keys" && this.hide());
    const page = this.figure.ownerDocument;
    this.#on(page, "keydown", (event) => /** @type {KeyboardEvent} */ (event).key === "Escape" && this.#dismiss());
    this.#on(page, "pointerdown", (event) => this.#pressedAnywhere(event.target), true);
    this.#on(page, "scroll", () => this.#scrolled(), true);
  }

  hide() {
    this.#unmark();
    this.#told = null;
    this.label.hide();
    this.figure.classList.remove("sets");
  }

  /** The picture was drawn anew: what is said is said of the new one. */
  redrawn() {
    if (!this.#told) return;
    const { chart, row, by, at } = this.#told;
    const found = at ? (this.#markAt(chart, at.x, at.y)?.row ?? null) : row;
    if (found === null || !this.#rows(chart).includes(found)) this.hide();
    else this.#tell({ chart, row: found, by, at }, false);
  }

  /**
   * @param {EventTarget} target
   * @param {string} name
   * @param {(event: Event) => void} work
   * @param {boolean} [capture]
   */
  #on(target, name, work, capture = false) {
    target.addEventListener(name, work, { capture, passive: name === "scroll" });
  }

  /** @param {PointerEvent} event */
  #pointed({ target, pointerType, clientX, clientY }) {
    // a finger that moves scrolls the page
    if (pointerType === "touch" || this.#inLabel(target)) return;
    const chart = chartOf(target);
    const mark = chart && this.#markAt(chart, clientX, clientY, target);
    if (!chart || !mark) return this.#left();
    if (mark.row === this.#dismissed) return;
    this.#dismissed = null;
    if (this.#told && this.#told.by !== "keys" && this.#told.row === mark.row && this.#told.chart === chart) return;
    this.#tell({ chart, row: mark.row, by: "mouse", at: { x: clientX, y: clientY } });
  }

  /** The pointer is at no mark. */
  #left() {
    this.#dismissed = null;
    if (this.#told?.by === "mouse") this.hide();
  }

  /** @param {PointerEvent} event */
  #clicked({ target, pointerType, clientX, clientY }) {
    if (this.#inLabel(target)) return;
    const chart = chartOf(target);
    const mark = chart && this.#markAt(chart, clientX, clientY, target);
    if (!chart || !mark) return this.hide();
    const again = this.#told?.by === "touch" && this.#told.row === mark.row;
    const by = pointerType === "touch" ? "touch" : "mouse";
    this.#tell({ chart, row: mark.row, by, at: { x: clientX, y: clientY } });
    // a first tap asks what it is
    if (by === "mouse" || again) this.#setIt();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const chart = chartOf(event.target);
    if (chart !== event.target || !chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = this.#rows(chart);
    const at = this.#told ? rows.indexOf(this.#told.row) : -1;
    const last = rows.length - 1;
    /** @type {Record<string, number>} */
    const next = {
      ArrowRight: Math.min(at + 1, last),
      ArrowDown: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    if (event.key === "Enter" || event.key === " ") this.#setIt();
    else if (rows.length && Object.hasOwn(next, event.key)) this.#go(chart, rows[next[event.key]]);
    else return;
    event.preventDefault();
  }

  /** @param {EventTarget | null} target */
  #focused(target) {
    const chart = chartOf(target);
    // what a pointer gives the focus to, it points at itself
    if (!chart || chart !== target || !chart.matches(":focus-visible")) return;
    const [first] = this.#rows(chart);
    if (first !== undefined) this.#go(chart, first);
  }

  /**
   * @param {Element} chart
   * @param {number} row
   */
  #go(chart, row) {
    marksOf(chart, row)[0]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.#tell({ chart, row, by: "keys", at: null });
  }

  /** @param {EventTarget | null} target */
  #pressedAnywhere(target) {
    if (this.#told && !this.figure.contains(/** @type {Node} */ (target))) this.hide();
  }

  #dismiss() {
    this.#dismissed = this.#told?.by === "mouse" ? this.#told.row : null;
    this.hide();
  }

  #scrolled() {
    if (this.#told?.by === "keys") this.label.place(this.#beside(this.#told));
    else if (this.#told) this.hide();
  }

  /**
   * @param {Told} told
   * @param {boolean} [aloud]
   */
  #tell(told, aloud = true) {
    this.#unmark();
    const words = this.words(told.row);
    // a picture that lags behind its table would be given wrong words
    if (!words || this.figure.classList.contains("stale")) return this.hide();
    this.#told = told;
    for (const mark of marksOf(told.chart, told.row)) mark.setAttribute("class", TOLD);
    const setting = this.setting(this.#sets());
    const how = { keys: "Enter: set", mouse: "Click: set", touch: "Tap again: set" }[told.by];
    const hint = setting && `${how} ${setting}`;
    this.figure.classList.toggle("sets", hint !== "");
    this.label.show(words, hint, this.#beside(told));
    if (told.by === "keys" && aloud) this.speak([...inLines(words), ...(hint ? [hint] : [])].join(". "));
  }

  #setIt() {
    const sets = this.#sets();
    if (this.setting(sets)) this.set(sets);
  }

  /** What the mark that is told of sets. */
  #sets() {
    if (!this.#told) return "";
    return marksOf(this.#told.chart, this.#told.row)[0]?.getAttribute("data-sets") ?? "";
  }

  #unmark() {
    for (const mark of this.figure.querySelectorAll(`.${TOLD}`)) mark.removeAttribute("class");
  }

  /**
   * Where the label belongs: at the pointer, or at the mark as far as it is seen.
   *
   * @param {Told} told
   */
  #beside({ chart, row, at }) {
    if (at) return { left: at.x, right: at.x, top: at.y, bottom: at.y };
    const [mark] = marksOf(chart, row);
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    const middle = (left + right) / 2;
    return { left: middle, right: middle, top, bottom };
  }

  /**
   * @param {Element} chart
   * @param {number} x
   * @param {number} y
   * @param {EventTarget | null} [target] what lies there, where that is known
   * @returns {{ row: number } | null}
   */
  #markAt(chart, x, y, target = null) {
    const hit = target instanceof Element ? target.closest("[data-row]") : null;
    return hit ? placeOf(hit) : nearest([...chart.querySelectorAll("[data-row]")].map(placeOf), x, y);
  }

  /**
   * The rows that have marks, as they follow each other in the table.
   *
   * @param {Element} chart
   */
  #rows(chart) {
    const rows = [...chart.querySelectorAll("[data-row]")].map((mark) => Number(mark.getAttribute("data-row")));
    return [...new Set(rows)].sort((one, other) => one - other);
  }

  /** @param {EventTarget | null} target */
  #inLabel(target) {
    return this.label.element.contains(/** @type {Node | null} */ (target));
  }
}

/**
 * @param {EventTarget | null} target
 * @returns {Element | null}
 */
function chartOf(target) {
  return target instanceof Element ? target.closest(".chart") : null;
}

/**
 * @param {Element} chart
 * @param {number} row
 */
function marksOf(chart, row) {
  return [...chart.querySelectorAll(`[data-row="${row}"]`)];
}

/**
 * @param {Element} mark
 * @returns {Place}
 */
function placeOf(mark) {
  const row = Number(mark.getAttribute("data-row"));
  return { row, box: mark.getBoundingClientRect(), unseen: mark.getAttribute("opacity") === "0" };
}
