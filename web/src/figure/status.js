/**
 * What a figure says in words: its status, what is wrong, and one sentence for those who listen.
 *
 * @import { Engine } from "../engine/engine.js"
 */

export class Status {
  /** @param {HTMLElement} section */
  constructor(section) {
    /** @type {HTMLElement | null} */
    this.line = section.querySelector(".explorer-status");
    /** @type {HTMLElement | null} */
    this.error = section.querySelector(".explorer-error");
    this.speaker = makeSpeaker(section);
  }

  /**
   * @param {string} sentence
   * @param {string} figures what counts up behind it
   */
  say(sentence, figures = "") {
    if (!this.line || this.line.textContent === sentence + figures) return;
    const [head, tail] = [this.line.firstElementChild, this.line.lastElementChild];
    if (head && head !== tail && head.textContent === sentence && tail) {
      tail.textContent = figures;
      return;
    }
    // what counts up is for the eye alone: a screen reader would read out every step
    const counting = span(this.line, figures);
    counting.setAttribute("aria-hidden", "true");
    this.line.replaceChildren(...(sentence ? [span(this.line, sentence), counting] : []));
  }

  /**
   * A text to be copied by hand, selected.
   *
   * @param {string} text
   */
  offer(text) {
    if (!this.line) return;
    const shown = span(this.line, text);
    this.line.replaceChildren(span(this.line, "Copying was refused; copy this: "), shown);
    this.line.ownerDocument.getSelection()?.selectAllChildren(shown);
  }

  /** @param {string} sentence what is wrong; empty where nothing is */
  complain(sentence) {
    if (!this.error || this.error.textContent === sentence) return;
    this.error.textContent = sentence;
    this.error.hidden = !sentence;
  }

  /** @param {string} sentence */
  announce(sentence) {
    this.speaker.textContent = sentence;
  }
}

/**
 * How far the engine is, for those who use the figure: a sentence, and what counts up behind it.
 *
 * @param {Engine} engine
 * @param {boolean} waiting for its answer
 * @param {boolean} touched whether the reader has used the figure
 * @returns {[string, string] | null} null where it is not loading, or nobody asks
 */
export function sayEngine({ state, progress }, waiting, touched) {
  if (state !== "loading" || !(waiting || touched)) return null;
  if (progress?.stage !== "download") return ["Starting the engine", ""];
  const [loaded, total] = [progress.loaded, progress.total].map((bytes) => (bytes / 1e6).toFixed(1));
  return ["Loading the engine that computes any values", `: ${loaded} of ${total} MB`];
}

/**
 * @param {Engine} engine
 * @returns {string} empty where it has not failed
 */
export function sayFailure({ state, failure }) {
  return state === "failed" ? `${failure}; moves of one control alone are still answered.` : "";
}

/**
 * @param {Element} place
 * @param {string} text
 */
function span(place, text) {
  const element = place.ownerDocument.createElement("span");
  element.textContent = text;
  return element;
}

/**
 * A live region that is heard and not seen.
 *
 * @param {Element} section
 */
function makeSpeaker(section) {
  const speaker = section.ownerDocument.createElement("p");
  speaker.className = "explorer-announcement";
  speaker.setAttribute("aria-live", "polite");
  section.append(speaker);
  return speaker;
}
