/**
 * What a figure shows of its state: the numbers, the picture and the data table.
 *
 * What it came with is kept, and put back as it was. What lags behind the controls has the
 * class `stale`.
 *
 * @import { Definition, Draw, Row, Settings, Value } from "../types.js"
 */

import { fullPrecision } from "../state/data.js";
import { plain, show } from "../state/format.js";
import { ghosts } from "./compare.js";
import { Marks } from "./marks.js";
import { Picture, standalone } from "./picture.js";
import { inLines, setsOf, settingInWords, wordsOf } from "./said.js";
import { fillTable } from "./table.js";

/** How long a number that changed is marked [ms] */
const MARKED = 1_200;
/** Two names for one mark, so that a change soon after another is marked anew. */
const MARKS = ["changed", "changed-again"];

/** @typedef {{ output: Element, text: string, value: string, was: HTMLElement | null }} Shown */

export class Readout {
  /** whether the reader compares with the default */
  compares = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unmarking;

  /**
   * @param {HTMLElement} section
   * @param {Definition} definition
   * @param {Draw} draw
   * @param {object} hand what a mark of the picture may do
   * @param {() => Settings} hand.values of the controls as they are
   * @param {(sets: string) => void} hand.set set controls, given as in an address
   * @param {(sentence: string) => void} hand.speak
   */
  constructor(section, definition, draw, { values, set, speak }) {
    this.definition = definition;
    this.numbers = section.querySelectorAll(".metrics");
    /** @type {Map<string, Shown>} */
    this.outputs = new Map(
      [...section.querySelectorAll("output[data-metric]")].map((output) => [
        output.getAttribute("data-metric") ?? "",
        {
          output,
          text: output.textContent,
          value: output.getAttribute("data-value") ?? "",
          was: output.closest(".headline") && placeForBuilt(output),
        },
      ]),
    );
    const figure = section.querySelector("figure");
    this.details = section.querySelector("details.data-table");
    this.table = this.details?.querySelector("table") ?? null;
    const setting = (/** @type {string} */ sets) => settingInWords(definition, sets, values());
    this.marks = figure && new Marks(figure, { words: (row) => this.#words(row), setting, set, speak });
    const redrawn = () => this.marks?.redrawn();
    this.picture =
      figure &&
      new Picture(figure, draw, {
        sets: (row) => setsOf(definition, row),
        redrawn,
        ghosts: (...shown) => (this.compares ? ghosts(definition, ...shown) : []),
      });
    this.builtTable = [...(this.table?.children ?? [])];
    this.summary = this.details?.querySelector("summary") ?? null;
    this.builtSummary = this.summary?.textContent ?? "";
    // an output would speak at every pixel of a drag; one sentence is spoken instead
    for (const { output } of this.outputs.values()) output.setAttribute("aria-live", "off");
  }

  /** Let the marks of the picture be used. */
  start() {
    this.marks?.start();
  }

  /** @param {number} row */
  #words(row) {
    return this.table && wordsOf(this.table, this.definition, row);
  }

  /**
   * @param {number} row
   * @returns {string} what the table says in it, line by line
   */
  words(row) {
    const words = this.#words(row);
    return words ? inLines(words).join("\n") : "";
  }

  /** What the page came with. */
  showBuilt() {
    for (const shown of this.outputs.values()) this.#write(shown, shown.text, shown.value);
    this.picture?.restore();
    this.table?.replaceChildren(...this.builtTable);
    if (this.summary) this.summary.textContent = this.builtSummary;
    this.details?.classList.remove("stale");
  }

  /** @param {Record<string, Value>} metrics */
  showNumbers(metrics) {
    for (const [key, shown] of this.outputs) {
      const { unit, digits } = this.definition.metrics[key] ?? {};
      this.#write(shown, show(metrics[key], unit, digits), fullPrecision(metrics[key]));
    }
  }

  /**
   * Write a number, mark it for a moment where it changes, and say beside a headline what the page came with.
   *
   * @param {Shown} shown
   * @param {string} now
   * @param {string} value
   */
  #write({ output, text, was }, now, value) {
    if (output.textContent !== now) {
      const again = output.classList.contains(MARKS[0]);
      output.classList.remove(...MARKS);
      output.classList.add(MARKS[Number(again)]);
      clearTimeout(this.#unmarking);
      this.#unmarking = setTimeout(() => {
        for (const one of this.outputs.values()) one.output.classList.remove(...MARKS);
      }, MARKED);
    }
    output.textContent = now;
    output.setAttribute("data-value", value);
    if (!was) return;
    was.hidden = now === text;
    was.textContent = withoutUnit(text, now);
  }

  /**
   * The table at once, the picture as soon as it is drawn; rejects where it cannot be.
   *
   * @param {Row[]} rows
   * @param {string} variant of the chart
   */
  async showRows(rows, variant) {
    if (this.table) fillTable(this.table, rows, this.definition.columns);
    if (this.summary) this.summary.textContent = `Data table, ${plain(rows.length)} rows`;
    this.details?.classList.remove("stale");
    await this.picture?.show(rows, variant);
  }

  /** @param {boolean} stale whether the numbers lag behind the controls */
  markNumbers(stale) {
    for (const part of this.numbers) part.classList.toggle("stale", stale);
  }

  /** Picture and table lag behind the numbers. */
  markRest() {
    this.picture?.markStale(true);
    this.details?.classList.add("stale");
  }

  /** The picture as a file of its own, whose marks say their words; null where there is none. */
  get standalone() {
    const svg = this.picture?.shown;
    return svg ? standalone(svg, (row) => this.words(row)) : null;
  }

  /** The first number that there is, with its label; empty where there is none. */
  get first() {
    for (const [key, { output }] of this.outputs) {
      const text = output.textContent;
      if (text && text !== show(null)) return `${this.definition.metrics[key]?.label ?? ""} ${text}`.trim();
    }
    return "";
  }
}

/**
 * Where the number that the page came with stands, struck out, once another is shown.
 *
 * @param {Element} output
 */
function placeForBuilt(output) {
  const was = output.ownerDocument.createElement("s");
  was.className = "was";
  was.hidden = true;
  output.after(was);
  return was;
}

/**
 * A number without its unit, where the one beside it has the same.
 *
 * @param {string} text
 * @param {string} beside
 */
export function withoutUnit(text, beside) {
  const unit = / [^\d\s]+$/.exec(text)?.[0] ?? "";
  return unit && beside.endsWith(unit) && /\d/.test(text) ? text.slice(0, -unit.length) : text;
}
