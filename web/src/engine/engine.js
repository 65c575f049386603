/**
 * The client of the engine: one worker that computes any state of any explorer of a page.
 *
 * It is asked one thing at a time. A newer request of an explorer supersedes its older one:
 * one that waits is dropped, the result of one that runs is not delivered, and one that runs
 * for long is stopped with its worker. A watchdog notices a worker that says nothing. A worker
 * that dies is started again once; then the engine has failed.
 *
 * @import { Answer, EngineState, FromWorker, Reply, WorkerLike } from "../types.js"
 */

import { parse } from "../state/data.js";

/** Longest waits [ms] */
export const LIMITS = {
  /** for any sign of life while it starts; a download that advances is one */
  start: 60_000,
  /** for a request to be taken up: the worker has nothing else to do by then */
  begin: 6_000,
  /** for an answer; word of how much of it is computed is a sign of life */
  compute: 20_000,
  /** for an answer that nobody needs any more, while another is needed */
  superseded: 4_000,
};

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string} name explorer
 * @property {string} values JSON of its controls
 * @property {(reply: Reply) => void} reply
 * @property {(share: number, soFar?: Answer) => void} progress is told how much of it is computed, while it is wanted
 * @property {boolean} wanted false once a newer one supersedes it
 * @property {number} begun when it was sent to the worker [ms]
 * @property {boolean} taken whether the worker has said that it computes it
 */

export class Engine {
  /** @type {EngineState} */
  state = "idle";
  /** what it is doing while it loads @type {{ stage: "download" | "start", loaded: number, total: number } | null} */
  progress = null;
  /** the sentence that says why it failed */
  failure = "";

  /** @type {WorkerLike | null} */
  #worker = null;
  /** newest request of each explorer @type {Map<string, Request>} */
  #waiting = new Map();
  /** @type {Request | null} */
  #running = null;
  #ids = 0;
  #restarted = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchdog;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #impatience;

  /**
   * @param {string} base address of the engine's files
   * @param {() => WorkerLike} makeWorker
   * @param {typeof LIMITS} [limits]
   */
  constructor(base, makeWorker, limits = LIMITS) {
    this.base = base;
    this.makeWorker = makeWorker;
    this.limits = limits;
  }

  /**
   * Be told when `state` or `progress` change.
   *
   * @param {() => void} listener
   */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** Start it, unless it was started before. */
  start() {
    if (this.state === "idle") this.#boot(true);
  }

  /**
   * Ask for the answer of an explorer; its older request is superseded.
   *
   * @param {string} name
   * @param {string} values JSON of its controls
   * @param {(share: number, soFar?: Answer) => void} [progress] is told how much is computed, from 0 to 1, where that takes
   *   long, and what is found so far, where there is something to show
   * @returns {Promise<Reply>}
   */
  ask(name, values, progress = () => {}) {
    this.cancel(name);
    if (this.state === "failed") return Promise.resolve({ failed: this.failure });
    return new Promise((reply) => {
      this.#waiting.set(name, { id: (this.#ids += 1), name, values, reply, progress, wanted: true, begun: 0, taken: false });
      this.start();
      this.#next();
      this.#stopWhatIsSuperseded();
    });
  }

  /**
   * An explorer needs no answer any more.
   *
   * @param {string} name
   */
  cancel(name) {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    waiting?.reply({ superseded: true });
    if (this.#running?.name === name && this.#running.wanted) {
      this.#running.wanted = false;
      this.#running.reply({ superseded: true });
    }
  }

  /** @param {boolean} snapshot whether it may start from what an earlier visit has kept */
  #boot(snapshot) {
    this.progress = null;
    this.#set("loading");
    this.#watch(this.limits.start, "The engine did not start");
    try {
      const worker = this.makeWorker();
      this.#worker = worker;
      worker.onmessage = ({ data }) => this.#hear(data);
      worker.onerror = (event) => {
        event.preventDefault?.();
        this.#died(this.state === "loading" ? "The engine could not be loaded" : "The engine stopped");
      };
      worker.postMessage({ type: "start", base: this.base, snapshot });
    } catch {
      this.#fail("The engine cannot start: this browser runs no module workers here");
    }
  }

  /** @param {FromWorker} message */
  #hear(message) {
    switch (message.type) {
      case "progress":
        this.progress = message;
        this.#watch(this.limits.start, "The engine did not start");
        this.#changed();
        break;
      case "ready":
        clearTimeout(this.#watchdog);
        this.progress = null;
        this.#set("ready");
        this.#next();
        break;
      case "begun":
        if (message.id !== this.#running?.id) break;
        this.#running.taken = true;
        this.#watchComputing();
        break;
      case "working":
        if (message.id !== this.#running?.id) break;
        this.#watchComputing();
        if (this.#running.wanted) {
          this.#running.progress(message.share, message.text === undefined ? undefined : /** @type {Answer} */ (parse(message.text)));
        }
        break;
      case "answer":
        if (message.id === this.#running?.id) this.#deliver(this.#running, message.text);
        break;
      case "failed":
        this.#fail(message.sentence);
        break;
      case "dead":
        this.#died(message.sentence);
        break;
    }
  }

  /** Send the request that has waited longest, if the worker is free. */
  #next() {
    if (this.state !== "ready" || this.#running || !this.#waiting.size) return;
    const [request] = this.#waiting.values();
    this.#waiting.delete(request.name);
    this.#running = request;
    request.begun = Date.now();
    this.#watch(this.limits.begin, "The engine stopped");
    this.#worker?.postMessage({ type: "ask", id: request.id, name: request.name, values: request.values });
  }

  /**
   * @param {Request} request
   * @param {string} text
   */
  #deliver(request, text) {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#impatience);
    this.#running = null;
    if (request.wanted) {
      /** @type {Answer} */
      const answer = parse(text);
      request.reply({ answer });
    }
    this.#next();
  }

  /** Python in a worker cannot be interrupted: what takes long for nobody goes with its worker. */
  #stopWhatIsSuperseded() {
    const running = this.#running;
    if (!running || running.wanted || !this.#waiting.size) return;
    clearTimeout(this.#impatience);
    const left = Math.max(0, running.begun + this.limits.superseded - Date.now());
    this.#impatience = setTimeout(() => {
      if (this.#running !== running || !this.#waiting.size) return;
      if (!running.taken) {
        this.#died("The engine stopped");
        return;
      }
      this.#drop();
      this.#boot(true);
    }, left);
  }

  /**
   * The worker is gone or says nothing: start another one, once.
   *
   * @param {string} sentence
   */
  #died(sentence) {
    if (this.state === "failed") return;
    if (this.#restarted) {
      this.#fail(sentence);
      return;
    }
    this.#restarted = true;
    const running = this.#running;
    const wasStarting = this.state === "loading";
    this.#drop();
    if (running?.wanted) this.#waiting = new Map([[running.name, running], ...this.#waiting]);
    // what was kept may be what it broke on
    this.#boot(!wasStarting);
  }

  /** @param {string} sentence */
  #fail(sentence) {
    const running = this.#running;
    this.#drop();
    this.failure = sentence;
    this.#set("failed");
    const requests = [...(running?.wanted ? [running] : []), ...this.#waiting.values()];
    this.#waiting.clear();
    for (const request of requests) request.reply({ failed: sentence });
  }

  /** Part from the worker, whatever it does. */
  #drop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#impatience);
    if (this.#worker) {
      this.#worker.onmessage = null;
      this.#worker.onerror = null;
      this.#worker.terminate();
    }
    this.#worker = null;
    this.#running = null;
  }

  /**
   * @param {number} wait [ms]
   * @param {string} sentence
   */
  #watch(wait, sentence) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#died(sentence), wait);
  }

  #watchComputing() {
    this.#watch(this.limits.compute, `The engine gave no answer within ${this.limits.compute / 1000} s`);
  }

  /** @param {EngineState} state */
  #set(state) {
    this.state = state;
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}
