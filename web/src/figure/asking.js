/**
 * A figure's question to the engine: whether its answer is awaited, and how far that is.
 *
 * @import { Engine } from "../engine/engine.js"
 * @import { Answer, Reply } from "../types.js"
 */

/** Before it is said that something is being computed [ms] */
const SLOW = 300;

export class Asking {
  /** whether an answer is awaited, and whether that takes so long that it is said */
  waiting = false;
  #slow = false;
  /** whether something of it is shown before its end */
  early = false;
  /** how much of it is computed, where that is known @type {number | null} */
  #share = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #slowly;

  /**
   * @param {Engine} engine
   * @param {string} name of the explorer
   * @param {() => void} changed is told when there is something else to say
   */
  constructor(engine, name, changed) {
    this.engine = engine;
    this.name = name;
    this.changed = changed;
  }

  /**
   * @param {string} values JSON of the controls
   * @param {(soFar: Answer) => void} [show] is given what is found so far
   * @returns {Promise<Reply>}
   */
  ask(values, show) {
    this.waiting = true;
    this.early = false;
    this.#slow = false;
    this.#share = null;
    clearTimeout(this.#slowly);
    this.#slowly = setTimeout(() => {
      this.#slow = true;
      this.changed();
    }, SLOW);
    const reply = this.engine.ask(this.name, values, (share, soFar) => {
      this.#share = share;
      if (soFar && show) {
        this.early = true;
        show(soFar);
      }
      this.changed();
    });
    this.changed();
    return reply;
  }

  /** No answer is needed any more. */
  cancel() {
    this.waiting = false;
    this.engine.cancel(this.name);
  }

  /** A worker that is gone has taken along what it had computed. */
  engineChanged() {
    if (this.engine.state !== "ready") this.#share = null;
  }

  /** A sentence, and what counts up behind it; null where there is nothing to say. @returns {[string, string] | null} */
  say() {
    if (!this.waiting || !this.#slow) return null;
    return [this.early ? "Shown is what was found so far; computing" : "Computing", this.#share === null ? "" : `: ${Math.floor(100 * this.#share)} %`];
  }
}
