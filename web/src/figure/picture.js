/**
 * The picture of a figure: the chart for wide and the one for narrow screens, of which the
 * page's styles show one. Drawn anew from rows; the one that is hidden waits until it shows.
 *
 * @import { Draw, Row } from "../types.js"
 */

/**
 * @typedef {object} Chart
 * @property {HTMLElement} place
 * @property {"wide" | "narrow"} size
 * @property {Element | null} built what the page came with
 * @property {boolean} current whether it shows the newest rows
 */

export class Picture {
  /** @type {Chart[]} */
  #charts = [];
  /** what to show; null while that is the page's own picture @type {{ rows: Row[], variant: string } | null} */
  #wanted = null;
  /** @type {Promise<void> | null} */
  #drawing = null;

  /**
   * @param {Element} figure
   * @param {Draw} draw
   * @param {object} [with_]
   * @param {(row: Row) => string} [with_.sets] what a mark of a row sets, as in an address
   * @param {() => void} [with_.redrawn] is told when another picture stands there
   * @param {(rows: Row[], variant: string) => Row[]} [with_.ghosts] rows of another state, to be drawn faintly
   */
  constructor(figure, draw, { sets = () => "", redrawn = () => {}, ghosts = () => [] } = {}) {
    this.figure = figure;
    this.draw = draw;
    this.sets = sets;
    this.redrawn = redrawn;
    this.ghosts = ghosts;
    for (const size of /** @type {const} */ (["wide", "narrow"])) {
      const place = figure.querySelector(`.chart-${size}`);
      if (!place) continue;
      const built = place.querySelector("svg");
      this.#charts.push({ place: /** @type {HTMLElement} */ (place), size, built, current: true });
    }
    const observer = figure.ownerDocument.defaultView?.ResizeObserver;
    if (observer) {
      const seen = new observer(() => void this.#drawWhatShows().catch(() => {}));
      for (const chart of this.#charts) seen.observe(chart.place);
    }
  }

  /** The picture that is shown. @returns {SVGSVGElement | null} */
  get shown() {
    const chart = this.#charts.find(isShown) ?? this.#charts[0];
    return chart?.place.querySelector("svg") ?? null;
  }

  /** Show what the page came with. */
  restore() {
    this.#wanted = null;
    for (const chart of this.#charts) {
      chart.current = true;
      if (chart.built) chart.place.replaceChildren(chart.built);
    }
    this.markStale(false);
    this.redrawn();
  }

  /** @param {boolean} stale whether the picture lags behind the numbers */
  markStale(stale) {
    this.figure.classList.toggle("stale", stale);
  }

  /**
   * Show rows; resolves when they, or newer ones, are shown.
   *
   * @param {Row[]} rows
   * @param {string} variant of the chart
   * @returns {Promise<void>}
   */
  show(rows, variant) {
    this.#wanted = { rows, variant };
    for (const chart of this.#charts) chart.current = false;
    this.markStale(true);
    return this.#drawWhatShows();
  }

  /** Draw what is shown anew, where it is not the page's own picture. */
  async again() {
    if (this.#wanted) await this.show(this.#wanted.rows, this.#wanted.variant);
  }

  /** @returns {Promise<void>} */
  #drawWhatShows() {
    this.#drawing ??= this.#drawAll().finally(() => {
      this.#drawing = null;
    });
    return this.#drawing;
  }

  async #drawAll() {
    for (let chart = this.#next(); chart; chart = this.#next()) {
      const wanted = /** @type {{ rows: Row[], variant: string }} */ (this.#wanted);
      const { rows, variant } = wanted;
      const svg = await this.draw(chart.size + variant, rows, this.ghosts(rows, variant));
      if (wanted !== this.#wanted) continue; // moved on meanwhile
      const old = chart.place.querySelector("svg") ?? chart.built;
      svg.setAttribute("aria-label", old?.getAttribute("aria-label") ?? "");
      for (const mark of svg.querySelectorAll("[data-row]")) {
        const sets = this.sets(rows[Number(mark.getAttribute("data-row"))]);
        if (sets) mark.setAttribute("data-sets", sets);
      }
      chart.place.replaceChildren(svg);
      chart.current = true;
    }
    if (!this.#wanted) return;
    this.markStale(false);
    this.redrawn();
  }

  /** The chart to draw next: it is shown and lags behind. */
  #next() {
    if (!this.#wanted) return undefined;
    const some = this.#charts.some(isShown);
    // in a closed part of the page neither shows; then the first stands for both
    return this.#charts.find((chart, at) => !chart.current && (some ? isShown(chart) : at === 0));
  }
}

/** @param {Chart} chart */
function isShown({ place }) {
  const view = place.ownerDocument.defaultView;
  return view !== null && view.getComputedStyle(place).display !== "none";
}

/**
 * A picture as a file of its own: with its size, in the fonts of the page it was taken from, and with words for its marks.
 *
 * @param {SVGSVGElement} svg
 * @param {(row: number) => string} [say] what the marks of a row say
 * @returns {string}
 */
export function standalone(svg, say = () => "") {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  for (const mark of copy.querySelectorAll("[data-row]")) {
    const title = svg.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = say(Number(mark.getAttribute("data-row")));
    mark.replaceChildren(title);
    for (const name of ["class", "data-row", "data-sets"]) mark.removeAttribute(name);
  }
  const [, , width, height] = (svg.getAttribute("viewBox") ?? "").split(/[\s,]+/);
  if (width && height) {
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
  }
  copy.removeAttribute("style");
  copy.setAttribute("font-family", "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}
