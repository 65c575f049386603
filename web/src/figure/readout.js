/**
 * What a figure shows of its state: the numbers, the picture and the data table.
 *
 * What it came with is kept, and put back as it was. What lags behind the controls has the
 * class `stale`.
 *
 * @import { Definition, Row, Value } from "../types.js"
 */

import { fullPrecision } from "../state/data.js";
import { plain, show } from "../state/format.js";
import { Picture } from "./picture.js";
import { fillTable } from "./table.js";

export class Readout {
  /**
   * @param {HTMLElement} section
   * @param {Definition} definition
   * @param {(chart: string, rows: object[]) => Promise<string>} draw SVG text of its chart: wide or narrow, and its variant
   */
  constructor(section, definition, draw) {
    this.definition = definition;
    this.numbers = section.querySelector(".metrics");
    this.outputs = new Map(
      [...section.querySelectorAll("output[data-metric]")].map((output) => [
        output.getAttribute("data-metric") ?? "",
        { output, text: output.textContent, value: output.getAttribute("data-value") ?? "" },
      ]),
    );
    const figure = section.querySelector("figure");
    this.picture = figure && new Picture(figure, draw);
    this.details = section.querySelector("details");
    this.table = this.details?.querySelector("table") ?? null;
    this.builtBody = this.table?.tBodies[0] ?? null;
    this.builtHead = [...(this.table?.querySelectorAll("thead th") ?? [])].map((cell) => cell.className);
    this.summary = this.details?.querySelector("summary") ?? null;
    this.builtSummary = this.summary?.textContent ?? "";
    // an output would speak at every pixel of a drag; one sentence is spoken instead
    for (const { output } of this.outputs.values()) output.setAttribute("aria-live", "off");
  }

  /** What the page came with. */
  showBuilt() {
    for (const { output, text, value } of this.outputs.values()) {
      output.textContent = text;
      output.setAttribute("data-value", value);
    }
    this.picture?.restore();
    if (this.table && this.builtBody && this.table.tBodies[0] !== this.builtBody) {
      this.table.tBodies[0].replaceWith(this.builtBody);
      this.table.querySelectorAll("thead th").forEach((cell, at) => (cell.className = this.builtHead[at]));
    }
    if (this.summary) this.summary.textContent = this.builtSummary;
    this.details?.classList.remove("stale");
  }

  /** @param {Record<string, Value>} metrics */
  showNumbers(metrics) {
    for (const [key, { output }] of this.outputs) {
      const { unit, digits } = this.definition.metrics[key] ?? {};
      output.textContent = show(metrics[key], unit, digits);
      output.setAttribute("data-value", fullPrecision(metrics[key]));
    }
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
    this.numbers?.classList.toggle("stale", stale);
  }

  /** Picture and table lag behind the numbers. */
  markRest() {
    this.picture?.markStale(true);
    this.details?.classList.add("stale");
  }

  /** The first number that there is, with its label; empty where there is none. */
  get first() {
    for (const [key, { label }] of Object.entries(this.definition.metrics)) {
      const text = this.outputs.get(key)?.output.textContent;
      if (text && text !== show(null)) return `${label} ${text}`;
    }
    return "";
  }
}
