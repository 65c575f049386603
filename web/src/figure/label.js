/** The small label that says a mark's values: beside the pointer or the mark, and inside the screen. */

/** @import { Words } from "./said.js" */

/** Pixels between the label and what it belongs to: a straight move of the pointer does not run into it. */
const GAP = 14;
/** Pixels between the label and the edge of the screen */
const EDGE = 6;

export class Label {
  /** @param {Element} owner what it is part of; it lies above all of the page all the same */
  constructor(owner) {
    this.element = owner.ownerDocument.createElement("div");
    this.element.className = "mark-label";
    this.element.setAttribute("popover", "manual");
    this.element.hidden = true;
    owner.append(this.element);
  }

  get shown() {
    return !this.element.hidden;
  }

  /**
   * @param {Words} words
   * @param {string} hint what one can do, empty for nothing
   * @param {{ left: number, top: number, right: number, bottom: number }} beside
   */
  show({ name, lines }, hint, beside) {
    const values = this.#make("dl", "");
    for (const [heading, value] of lines) values.append(this.#make("dt", heading), this.#make("dd", value));
    const parts = [this.#make("p", name, "mark-name"), ...(lines.length ? [values] : [])];
    this.element.replaceChildren(...parts, ...(hint ? [this.#make("p", hint, "mark-hint")] : []));
    if (!this.shown) {
      this.element.hidden = false;
      // above all that sticks or scrolls, where the browser can
      this.element.showPopover?.();
    }
    this.place(beside);
  }

  hide() {
    if (!this.shown) return;
    this.element.hidePopover?.();
    this.element.hidden = true;
  }

  /** @param {{ left: number, top: number, right: number, bottom: number }} beside */
  place(beside) {
    const { clientWidth, clientHeight } = this.element.ownerDocument.documentElement;
    const { width, height } = this.element.getBoundingClientRect();
    const right = beside.right + GAP;
    const left = right + width > clientWidth - EDGE ? beside.left - GAP - width : right;
    const above = beside.top - GAP - height;
    const top = above < EDGE ? beside.bottom + GAP : above;
    this.element.style.left = `${within(left, clientWidth - width)}px`;
    this.element.style.top = `${within(top, clientHeight - height)}px`;
  }

  /**
   * @param {string} tag
   * @param {string} text
   * @param {string} [name] of its class
   */
  #make(tag, text, name = "") {
    const element = this.element.ownerDocument.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  }
}

/**
 * @param {number} at
 * @param {number} most
 */
function within(at, most) {
  return Math.max(EDGE, Math.min(at, most - EDGE));
}
