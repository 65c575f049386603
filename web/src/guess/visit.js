/** What is remembered for the visit, that is as long as the tab is open: guesses, and which answers were shown. */

const KEY = "guess:";
const ALL = "*";

export class Visit {
  /** where the browser keeps nothing, it is known until the page is left @type {Map<string, string>} */
  #kept = new Map();

  /** @param {() => Storage} storage which a browser may refuse */
  constructor(storage) {
    this.storage = storage;
  }

  /** Whether no answer is to be covered any more. */
  get showsAll() {
    return this.#get(ALL) !== null;
  }

  /** No answer is to be covered any more. */
  showAll() {
    this.#set(ALL, "");
  }

  /**
   * @param {string} name of a figure
   * @returns {string | null} what was guessed, empty where the answer was shown without; null where it is still covered
   */
  guessed(name) {
    return this.#get(name);
  }

  /**
   * @param {string} name
   * @param {string} guess
   */
  keep(name, guess) {
    this.#set(name, guess);
  }

  /** @param {string} name */
  #get(name) {
    try {
      return this.storage().getItem(KEY + name);
    } catch {
      return this.#kept.get(name) ?? null;
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #set(name, value) {
    this.#kept.set(name, value);
    try {
      this.storage().setItem(KEY + name, value);
    } catch {
      // it is known until the page is left
    }
  }
}
