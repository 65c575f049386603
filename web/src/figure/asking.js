/**
 * A figure's question to the engine: whether its answer is awaited, and how far that is.
 *
 * @import { Engine } from "../engine/engine.js"
 * @import { Reply } from "../types.js"
 */

/** Before it is said that something is being computed [ms] */
const SLOW = 300;

export class Asking {
  /** whether an answer is awaited, and whether that takes so long that it is said */
  waiting = false;
  #slow = false;
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
   * @returns {Promise<Reply>}
   */
  ask(values) {
    this.waiting = true;
    this.#slow = false;
    this.#share = null;
    clearTimeout(this.#slowly);
    this.#slowly = setTimeout(() => {
      this.#slow = true;
      this.changed();
    }, SLOW);
    const reply = this.engine.ask(this.name, values, (share) => {
      this.#share = share;
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
    return ["Computing", this.#share === null ? "" : `: ${Math.floor(100 * this.#share)} %`];
  }
}
