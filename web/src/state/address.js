/**
 * The state in the address: #NAME?key=value names one explorer and what is away from its
 * defaults. An entry of the history also keeps the states of the page's other explorers, so
 * that Back undoes one change, wherever it was made.
 */

import { nameInHash } from "./state.js";

/** Between two changes of the address during a drag: browsers refuse more than a few a second [ms] */
const PACE = 400;

/**
 * @typedef {object} Addressed
 * @property {string} name
 * @property {string[]} [aliases] names that it had before: links that were shared under them still open it
 * @property {() => string} hash its present state
 * @property {(hash: string) => void} restore
 * @property {() => void} bringIntoView
 */

export class Address {
  /** @type {Map<string, Addressed>} */
  #explorers = new Map();
  /** the state of each explorer in the history's present entry @type {Record<string, string>} */
  #known = {};
  /** the entry as it was before a change that is not committed yet @type {{ url: string, state: object } | null} */
  #before = null;
  /** whose moves are not in the address yet @type {Addressed | null} */
  #lagging = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pacing;
  #handled = "";

  /** @param {Window} view */
  constructor(view) {
    this.view = view;
    view.addEventListener("popstate", (event) => this.#arrived(event.state));
    view.addEventListener("hashchange", () => {
      if (this.#handled !== view.location.href) this.#arrived(view.history.state);
    });
  }

  /** @param {Addressed} explorer */
  add(explorer) {
    if (this.#explorers.has(explorer.name)) return;
    this.#explorers.set(explorer.name, explorer);
    this.#known[explorer.name] = explorer.hash();
    this.#take(explorer, this.view.history.state);
  }

  /**
   * A control is being moved.
   *
   * @param {Addressed} explorer
   */
  moving(explorer) {
    this.#begin();
    this.#lagging = explorer;
    if (this.#pacing === undefined) this.#keepUp();
  }

  /**
   * A change is made: Back undoes it.
   *
   * @param {Addressed} explorer
   */
  committed(explorer) {
    this.#begin();
    const before = this.#before;
    this.#settle();
    if (!before || explorer.hash() === this.#known[explorer.name]) {
      if (before) this.#enter("replaceState", before.state, before.url);
      return;
    }
    this.#enter("replaceState", before.state, before.url);
    this.#write("pushState", explorer);
    this.#known = this.#states();
  }

  /**
   * An explorer shows what it was asked to restore, some time after that.
   *
   * @param {Addressed} explorer
   */
  restored(explorer) {
    this.#known[explorer.name] = explorer.hash();
  }

  /** Write the newest state now, and again after a while if there is a newer one by then. */
  #keepUp() {
    this.#pacing = undefined;
    if (!this.#lagging) return;
    this.#write("replaceState", this.#lagging);
    this.#lagging = null;
    this.#pacing = setTimeout(() => this.#keepUp(), PACE);
  }

  #begin() {
    this.#before ??= { url: this.view.location.href, state: { ...this.view.history.state, explorers: this.#known } };
  }

  #settle() {
    clearTimeout(this.#pacing);
    this.#pacing = undefined;
    this.#lagging = null;
    this.#before = null;
  }

  #states() {
    return Object.fromEntries([...this.#explorers.values()].map((explorer) => [explorer.name, explorer.hash()]));
  }

  /**
   * @param {"pushState" | "replaceState"} how
   * @param {Addressed} explorer
   */
  #write(how, explorer) {
    this.#enter(how, { explorers: this.#states() }, explorer.hash());
  }

  /**
   * @param {"pushState" | "replaceState"} how
   * @param {object} state
   * @param {string} url
   */
  #enter(how, state, url) {
    try {
      this.view.history[how](state, "", url);
      this.#handled = this.view.location.href;
    } catch {
      // too many, or too long: the address lags behind, and the figure works on
    }
  }

  /**
   * The reader came to an entry of the history, or changed the address.
   *
   * @param {{ explorers?: Record<string, string> } | null} state
   */
  #arrived(state) {
    this.#settle();
    this.#handled = this.view.location.href;
    for (const explorer of this.#explorers.values()) this.#take(explorer, state);
  }

  /**
   * Bring an explorer to the state that the address, or else the history's entry, has for it.
   *
   * @param {Addressed} explorer
   * @param {{ explorers?: Record<string, string> } | null} state
   */
  #take(explorer, state) {
    const { hash } = this.view.location;
    const kept = state?.explorers?.[explorer.name];
    const asked = nameInHash(hash);
    if (asked === explorer.name || explorer.aliases?.includes(asked)) this.#restore(explorer, hash, true);
    else if (kept !== undefined) this.#restore(explorer, kept, false);
  }

  /**
   * @param {Addressed} explorer
   * @param {string} hash
   * @param {boolean} show
   */
  #restore(explorer, hash, show) {
    if (hash !== explorer.hash() || show) explorer.restore(hash);
    this.#known[explorer.name] = explorer.hash();
    if (show) explorer.bringIntoView();
  }
}
