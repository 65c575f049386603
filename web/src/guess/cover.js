/**
 * What covers a figure's answer until the reader has guessed it, or asks for it.
 *
 * It lies over the place of the picture, which keeps its size, so nothing moves. What it covers is hidden from the eye, from
 * screen readers and from the Tab key by styles alone: for programs the numbers stand where they always do.
 */

import { complain } from "../figure/controls.js";
import { askedIn, atShare, readGuess, shareOf, withUnit } from "./words.js";

const COVERED = "guessing";

/**
 * @typedef {object} Told who is told what the reader does
 * @property {(guess: number) => void} guessed
 * @property {() => void} skipped
 * @property {() => void} skippedAll
 */

export class Cover {
  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} question as the build wrote it
   * @param {Told} told
   */
  constructor(section, question, told) {
    this.section = section;
    this.asked = askedIn(question);
    this.element = /** @type {HTMLElement} */ (question.cloneNode(true));
    const [box, slider] = this.element.querySelectorAll("input");
    this.box = box;
    this.slider = slider;
    this.slider.addEventListener("input", () => {
      const value = atShare(this.asked, Number(this.slider.value) / Number(this.slider.max));
      this.box.value = String(value);
      this.#settled(value);
    });
    this.box.addEventListener("input", () => {
      const found = readGuess(this.asked, this.box.value);
      if (!("value" in found)) return;
      this.slider.value = String(Math.round(shareOf(this.asked, found.value) * Number(this.slider.max)));
      this.#settled(found.value);
    });
    this.element.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#guess(told);
    });
    /** @type {NodeListOf<HTMLElement>} */
    const buttons = this.element.querySelectorAll("[data-show]");
    for (const button of buttons) {
      button.addEventListener("click", () => {
        this.remove();
        told[button.dataset.show === "all" ? "skippedAll" : "skipped"]();
        this.#focusTitle();
      });
    }
    section.querySelector(".explorer-shown")?.append(this.element);
    section.classList.add(COVERED);
  }

  remove() {
    this.element.remove();
    this.section.classList.remove(COVERED);
  }

  /** @param {Told} told */
  #guess(told) {
    const found = readGuess(this.asked, this.box.value);
    complain(this.box, "error" in found ? found.error : "");
    if ("error" in found) return this.box.focus();
    this.remove();
    told.guessed(found.value);
  }

  /** @param {number} value at which box and slider stand */
  #settled(value) {
    this.slider.setAttribute("aria-valuetext", withUnit(this.asked, value));
    complain(this.box, "");
  }

  /** What had the focus is gone: the next Tab goes on in the figure. */
  #focusTitle() {
    /** @type {HTMLElement | null} */
    const title = this.section.querySelector(".explorer-title");
    if (title) title.tabIndex = -1;
    title?.focus({ preventScroll: true });
  }
}
