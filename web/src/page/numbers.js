/**
 * The computed numbers of a text. Each is a link to the cell that it comes from; pointing at one, going to it by keys or a first
 * tap shows the expression. Of a paragraph's numbers one is a stop of the Tab key; the arrow keys go to the others.
 */

import { Label } from "../figure/label.js";

/** A pointer may leave a number for its label within this time [ms] */
const LEAVING = 250;
/** @type {Record<Hand, string>} */
const HINTS = { keys: "Enter: go to its cell", mouse: "Click: go to its cell", touch: "Tap again: go to its cell" };

/** @typedef {"keys" | "mouse" | "touch"} Hand */

export class Numbers {
  /** of each paragraph its numbers @type {HTMLAnchorElement[][]} */
  #paragraphs = [];
  /** @type {Map<Element, string>} */
  #expressions = new Map();
  /** @type {{ number: HTMLAnchorElement, by: Hand } | null} */
  #told = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;

  /**
   * @param {HTMLElement} article
   * @param {HTMLAnchorElement | null} report where a wrong number is reported; null where nobody takes that
   */
  constructor(article, report) {
    this.article = article;
    this.report = report;
    this.label = new Label(article);
    this.label.element.id = "computed-from";
    this.label.element.classList.add("computed-from");
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const numbers = article.querySelectorAll("a.computed");
    for (const number of numbers) {
      if (number.tabIndex === 0) this.#paragraphs.push([]);
      this.#paragraphs.at(-1)?.push(number);
      this.#expressions.set(number, number.title);
      // the browser's own label would stand beside ours
      number.removeAttribute("title");
    }
    article.addEventListener("focusin", ({ target }) => this.#focused(target));
    article.addEventListener("focusout", ({ relatedTarget }) => !this.#isInside(relatedTarget) && this.#hide());
    article.addEventListener("click", (event) => this.#clicked(event));
    article.addEventListener("keydown", (event) => this.#pressed(event));
    const page = article.ownerDocument;
    page.addEventListener("pointerover", (event) => this.#pointed(event));
    page.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide());
    page.addEventListener("pointerdown", ({ target }) => !this.#isInside(target) && this.#hide(), true);
    page.addEventListener("scroll", () => this.#told && this.label.place(this.#told.number.getBoundingClientRect()), {
      capture: true,
      passive: true,
    });
  }

  /** @param {PointerEvent} event */
  #pointed({ target, pointerType }) {
    if (pointerType === "touch") return;
    const number = this.#numberAt(target);
    if (number || this.#isInside(target)) clearTimeout(this.#leaving);
    else if (this.#told?.by === "mouse") this.#leaving = setTimeout(() => this.#hide(), LEAVING);
    if (number && number !== this.#told?.number) this.#tell(number, "mouse");
  }

  /** @param {EventTarget | null} target */
  #focused(target) {
    const number = this.#numberAt(target);
    if (!number) return;
    for (const other of this.#paragraphOf(number)) other.tabIndex = other === number ? 0 : -1;
    if (number.matches(":focus-visible")) this.#tell(number, "keys");
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const number = this.#numberAt(event.target);
    if (!number) return;
    const touched = /** @type {PointerEvent} */ (event).pointerType === "touch";
    if (touched && !(this.#told?.number === number && this.#told.by === "touch")) {
      // a first tap asks what it is
      event.preventDefault();
      return this.#tell(number, "touch");
    }
    this.#hide();
    unfold(number);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const number = this.#numberAt(event.target);
    if (!number || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const all = this.#paragraphOf(number);
    const at = all.indexOf(number);
    /** @type {Record<string, number>} */
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    if (!Object.hasOwn(next, event.key)) return;
    event.preventDefault();
    all[next[event.key]]?.focus();
  }

  /**
   * @param {HTMLAnchorElement} number
   * @param {Hand} by
   */
  #tell(number, by) {
    clearTimeout(this.#leaving);
    this.#hide();
    const expression = this.#expressions.get(number) ?? "";
    this.#told = { number, by };
    // behind the number, so that the Tab key goes from it to what the label offers
    number.after(this.label.element);
    number.setAttribute("aria-describedby", this.label.element.id);
    const box = number.getBoundingClientRect();
    this.label.show({ name: expression, lines: [] }, HINTS[by], box);
    if (!this.report) return;
    this.label.element.append(reportOf(this.report, expression, number.textContent));
    this.label.place(box);
  }

  #hide() {
    this.#told?.number.removeAttribute("aria-describedby");
    this.#told = null;
    this.label.hide();
  }

  /** @param {EventTarget | null} target */
  #numberAt(target) {
    const number = target instanceof Element ? target.closest("a.computed") : null;
    return /** @type {HTMLAnchorElement | null} */ (number);
  }

  /** @param {HTMLAnchorElement} number */
  #paragraphOf(number) {
    return this.#paragraphs.find((all) => all.includes(number)) ?? [];
  }

  /** @param {EventTarget | null} target */
  #isInside(target) {
    const node = /** @type {Node | null} */ (target);
    return this.label.element.contains(node) || (this.#told?.number.contains(node) ?? false);
  }
}

/**
 * A link that reports this number.
 *
 * @param {HTMLAnchorElement} report of the page
 * @param {string} expression
 * @param {string} value
 */
function reportOf(report, expression, value) {
  const link = /** @type {HTMLAnchorElement} */ (report.cloneNode());
  const address = new URL(report.href);
  for (const [key, text] of Object.entries({ expression, value })) address.searchParams.set(key, text);
  link.href = address.href;
  link.textContent = "This number is wrong";
  return link;
}

/**
 * Unfold the code that a number leads to, in browsers that do not do so themselves.
 *
 * @param {HTMLAnchorElement} number
 */
function unfold(number) {
  const folded = number.ownerDocument.getElementById(number.hash.slice(1))?.closest("details");
  if (folded) folded.open = true;
}
