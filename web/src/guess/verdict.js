/**
 * What is said of a guess: guess and answer on one scale, how far apart they are, and how the answer follows from the
 * figure's other numbers.
 *
 * The guess is compared with the answer of its moment; the formula goes along when the figure is moved.
 *
 * @import { Asked } from "./words.js"
 */

import { plain } from "../state/format.js";
import { howFar, shareOf, withUnit } from "./words.js";

export class Verdict {
  /** whether the guess was compared */
  #compared = false;

  /**
   * @param {HTMLElement} section
   * @param {Asked} asked
   * @param {number} guess in its unit
   */
  constructor(section, asked, guess) {
    this.section = section;
    this.asked = asked;
    this.guess = guess;
    this.output = /** @type {HTMLElement} */ (section.querySelector(`output[data-metric="${asked.of}"]`));
    this.element = make(section, "div", "guess-verdict");
    this.element.tabIndex = -1;
    this.scale = make(section, "div", "guess-scale");
    this.scale.setAttribute("aria-hidden", "true");
    this.words = make(section, "p", "guess-words");
    this.formula = make(section, "p", "guess-formula");
    this.element.append(this.words, this.scale, this.formula);
    section.querySelector(".explorer-stage")?.before(this.element);
    this.#say();
    const seen = new MutationObserver(() => this.#say());
    seen.observe(section, { attributes: true, attributeFilter: ["aria-busy"] });
    for (const output of section.querySelectorAll("output")) seen.observe(output, { childList: true });
  }

  #say() {
    if (this.section.getAttribute("aria-busy") === "true") return;
    if (!this.#compared) this.#compare();
    this.formula.textContent = this.asked.formula.replace(/\{(\w+)\}/g, (_, key) => inFigure(this.section, key));
  }

  #compare() {
    this.#compared = true;
    const text = this.output.dataset.value;
    const answer = text ? Number(text) : NaN;
    const [said, shown] = [withUnit(this.asked, this.guess), this.output.textContent];
    this.words.textContent = `You guessed ${said}, the answer is ${shown}. ${howFar(this.asked, this.guess, answer)}`.trim();
    if (!Number.isFinite(answer)) return;
    const places = [this.guess, answer / this.asked.per].map((value) => 100 * shareOf(this.asked, value));
    const between = make(this.section, "i", "guess-between");
    between.style.left = `${Math.min(...places)}%`;
    between.style.width = `${Math.abs(places[0] - places[1])}%`;
    this.scale.replaceChildren(
      between,
      ...places.map((place, at) => {
        const mark = make(this.section, "b", ["guess-mine", "guess-answer"][at]);
        mark.style.left = `${place}%`;
        return mark;
      }),
    );
  }
}

/**
 * A number or a control as it stands in the figure.
 *
 * @param {HTMLElement} section
 * @param {string} key
 */
function inFigure(section, key) {
  const output = section.querySelector(`output[data-metric="${key}"]`);
  if (output) return output.textContent;
  /** @type {HTMLInputElement | HTMLSelectElement | null} */
  const box = section.querySelector(`[data-control="${key}"]`);
  if (box instanceof HTMLSelectElement) return box.selectedOptions[0]?.textContent ?? "";
  const unit = box?.closest(".control")?.querySelector("label .unit")?.textContent.slice(1, -1) ?? "";
  return `${plain(Number(box?.value))} ${unit}`.trim();
}

/**
 * @param {Element} section
 * @param {string} tag
 * @param {string} name of its class
 * @returns {HTMLElement}
 */
function make(section, tag, name) {
  const element = section.ownerDocument.createElement(tag);
  element.className = name;
  return element;
}
