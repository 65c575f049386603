/**
 * One figure of a page: its controls, its numbers, its picture and its table.
 *
 * A move is answered by the page itself, by the stored moves, or by the engine. The section is
 * `aria-busy` from the moment a control changes until the numbers shown are those of the
 * controls shown; what lags behind them has the class `stale`.
 *
 * @import { Address } from "../state/address.js"
 * @import { Engine } from "../engine/engine.js"
 * @import { Answer, Control, Definition, Reply, Row, Settings, Value } from "../types.js"
 */

import { locate } from "../engine/answers.js";
import { Controls } from "./controls.js";
import { csv } from "./csv.js";
import { standalone } from "./picture.js";
import { Readout } from "./readout.js";
import { save } from "./save.js";
import { defaults, fromHash, leftOut, same, spelling, toHash, toJson, toPython, unpacking, variant } from "../state/state.js";
import { Status } from "./status.js";

/** After the last key in a text box, before it is computed [ms] */
const TYPING = 400;
/** Before it is said that something is being computed [ms] */
const SLOW = 300;
/** After the last move, before it is announced [ms] */
const ANNOUNCING = 600;

const NOT_ACCEPTED = "The numbers are those of the last values that were accepted.";
const NOT_COMPUTED = "the numbers are those of the last state that was computed.";
const LAGGING = "picture and table are those of the last state that was computed.";

export class Explorer {
  /** its present state @type {Settings} */
  #values;
  /** what is shown of it @type {{ metrics: Record<string, Value>, rows: Row[] | null } | null} */
  #shown = null;
  /** which move is the newest */
  #turn = 0;
  /** the values of the newest move that was begun @type {Settings | null} */
  #asked = null;
  /** whether an answer of the engine is awaited, and whether that takes so long that it is said */
  #waiting = false;
  #slow = false;
  /** how much of it is computed, where that is known @type {number | null} */
  #share = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #slowly;
  /** whether the reader has used it */
  #touched = false;
  /** what the status says when the engine has nothing to say */
  #note = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #announcing;
  #movedAt = 0;

  /**
   * @param {HTMLElement} section
   * @param {Definition} definition
   * @param {object} with_
   * @param {Engine} with_.engine
   * @param {Address} with_.address
   * @param {(chart: string, rows: object[]) => Promise<string>} with_.draw SVG text of its chart: wide or narrow, and its variant
   */
  constructor(section, definition, { engine, address, draw }) {
    this.section = section;
    this.definition = definition;
    this.name = definition.name;
    this.aliases = definition.aliases ?? [];
    this.engine = engine;
    this.address = address;
    this.controls = new Controls(section, definition);
    this.built = this.controls.built();
    this.#values = this.built;
    this.readout = new Readout(section, definition, draw, {
      values: () => this.#values,
      set: (sets) => this.#pick(sets),
      speak: (sentence) => this.status.announce(sentence),
    });
    this.status = new Status(section);
  }

  /** Take up work: let the controls be used, and show what the address asks for. */
  start() {
    this.controls.show(this.#values);
    const { form } = this.controls;
    form?.addEventListener("submit", (event) => event.preventDefault());
    form?.addEventListener("input", ({ target }) => this.#moved(this.controls.touched(target)));
    form?.addEventListener("change", ({ target }) => this.#committed(this.controls.touched(target)));
    for (const event of ["pointerdown", "focusin"]) form?.addEventListener(event, () => this.#touch());
    for (const button of this.section.querySelectorAll("button[data-action]")) {
      button.addEventListener("click", () => void this.#act(button.getAttribute("data-action") ?? ""));
    }
    this.engine.onChange(() => this.#engineChanged());
    this.#engineChanged();
    this.readout.start();
    this.controls.enable();
    this.address.add(this);
  }

  /** Its state as the end of an address. */
  hash() {
    return toHash(this.definition, this.#values);
  }

  /**
   * Show the state that an address asks for.
   *
   * @param {string} hash
   */
  restore(hash) {
    const waiting = unpacking(this.definition, hash);
    if (!waiting) return this.#restoreNow(hash);
    this.#supersede();
    this.#asked = null;
    this.#busy(true);
    const turn = this.#turn;
    void waiting.then(() => {
      if (turn !== this.#turn) return;
      this.#restoreNow(hash);
      this.address.restored(this);
    });
  }

  /** @param {string} hash whose texts are unpacked */
  #restoreNow(hash) {
    const { values, errors } = fromHash(this.definition, hash);
    this.#set(values);
    this.status.complain(errors.join(". "));
  }

  /**
   * Bring the address up to date, once a long text is packed for it.
   *
   * @param {"moving" | "committed"} how
   */
  #tellAddress(how) {
    const waiting = spelling(this.definition, this.#values);
    if (!waiting) return this.address[how](this);
    const values = this.#values;
    void waiting.then(() => {
      this.#say();
      if (same(values, this.#values)) this.address[how](this);
    });
  }

  bringIntoView() {
    const { top, bottom } = this.section.getBoundingClientRect();
    const height = this.section.ownerDocument.documentElement.clientHeight;
    if (bottom < 0 || top < 0 || top > height / 2) this.section.scrollIntoView();
  }

  /** The reader is about to move something. */
  #touch() {
    this.#touched = true;
    this.engine.start();
    this.#say();
  }

  /**
   * Set controls by a mark of the picture, as a hand on them does.
   *
   * @param {string} sets
   */
  #pick(sets) {
    this.#touch();
    this.controls.put(new URLSearchParams(sets));
  }

  /** @param {Control | null} control */
  #moved(control) {
    if (!control) return;
    this.#read(control.kind === "textarea");
    this.#tellAddress("moving");
  }

  /** @param {Control | null} control */
  #committed(control) {
    if (!control) return;
    this.#read(false);
    this.#tellAddress("committed");
  }

  /**
   * Take what the controls hold.
   *
   * @param {boolean} stillTyping
   */
  #read(stillTyping) {
    const { values, bad } = this.controls.read();
    clearTimeout(this.#typing);
    if (bad.length) {
      this.#supersede();
      this.#asked = null;
      this.#busy(false);
      this.readout.markNumbers(true);
      this.#note = NOT_ACCEPTED;
      this.#say();
      return;
    }
    this.#values = values;
    if (this.#asked && same(values, this.#asked)) return;
    this.#supersede();
    this.#asked = null;
    this.#busy(true);
    this.status.complain("");
    if (stillTyping) this.#typing = setTimeout(() => this.#answer(), TYPING);
    else this.#answer();
  }

  /**
   * Move the controls.
   *
   * @param {Settings} values
   */
  #set(values) {
    clearTimeout(this.#typing);
    this.controls.show(values);
    this.#values = values;
    this.#supersede();
    this.status.complain("");
    this.#busy(true);
    this.#answer();
  }

  /** What was asked before is of no use any more. */
  #supersede() {
    this.#turn += 1;
    this.#waiting = false;
    this.#movedAt = Date.now();
    clearTimeout(this.#announcing);
    this.engine.cancel(this.name);
  }

  /** Answer the newest move. */
  #answer() {
    this.#asked = this.#values;
    const found = locate(this.definition, this.built, this.#values);
    if (found.from === "page") this.#showBuilt();
    else if (found.from === "moves") this.#showStored(found.answer);
    else void this.#compute();
  }

  #showBuilt() {
    this.readout.showBuilt();
    this.#shown = null;
    this.#settled();
  }

  /** @param {Answer} answer */
  #showStored(answer) {
    if (answer.error !== undefined) return this.#refuse(answer.error);
    this.#showNumbers(answer);
    if (!answer.rows) return void this.#follow();
    void this.#showRows(answer.rows);
    this.#settled();
  }

  /** The numbers stand; picture and table follow from the engine. */
  async #follow() {
    const turn = this.#turn;
    this.readout.markRest();
    this.readout.markNumbers(false);
    this.#note = "";
    this.#announceSoon();
    const reply = await this.#ask(this.#values);
    if (turn !== this.#turn) return;
    this.#waiting = false;
    if ("answer" in reply && reply.answer.rows) {
      this.#showNumbers(reply.answer);
      await this.#showRows(reply.answer.rows);
      if (turn !== this.#turn) return;
    } else if ("answer" in reply) {
      this.status.complain(reply.answer.error ?? "");
    }
    this.#busy(false);
    this.#note = "failed" in reply ? `${reply.failed}; ${LAGGING}` : this.#note;
    this.#say();
  }

  /** Numbers, picture and table from the engine. */
  async #compute() {
    const turn = this.#turn;
    const reply = await this.#ask(this.#values);
    if (turn !== this.#turn) return;
    this.#waiting = false;
    if ("failed" in reply) {
      this.#busy(false);
      this.readout.markNumbers(true);
      this.#note = `${reply.failed}; ${NOT_COMPUTED}`;
      this.#say();
    } else if ("answer" in reply) {
      if (reply.answer.error !== undefined) return this.#refuse(reply.answer.error);
      this.#showNumbers(reply.answer);
      void this.#showRows(reply.answer.rows ?? []);
      this.#settled();
    }
  }

  /**
   * @param {Settings} values
   * @returns {Promise<Reply>}
   */
  #ask(values) {
    this.#waiting = true;
    this.#slow = false;
    this.#share = null;
    clearTimeout(this.#slowly);
    this.#slowly = setTimeout(() => {
      this.#slow = true;
      this.#say();
    }, SLOW);
    const reply = this.engine.ask(this.name, toJson(this.definition, values), (share) => {
      this.#share = share;
      this.#say();
    });
    this.#say();
    return reply;
  }

  /** @param {Answer} answer */
  #showNumbers({ metrics = {}, rows }) {
    this.#shown = { metrics, rows: rows ?? null };
    this.readout.showNumbers(metrics);
  }

  /** @param {Row[]} rows */
  async #showRows(rows) {
    const turn = this.#turn;
    try {
      await this.readout.showRows(rows, variant(this.definition, this.#values));
    } catch {
      if (turn !== this.#turn) return;
      this.#note = "The picture could not be drawn; it is that of an earlier state.";
      this.#say();
    }
  }

  /**
   * The calculators take these values not.
   *
   * @param {string} sentence
   */
  #refuse(sentence) {
    this.#busy(false);
    this.readout.markNumbers(true);
    this.#note = NOT_ACCEPTED;
    this.status.complain(sentence);
    this.#say();
  }

  /** The numbers shown are those of the controls shown. */
  #settled() {
    this.#busy(false);
    this.readout.markNumbers(false);
    this.#note = "";
    this.#say();
    this.#announceSoon();
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.section.setAttribute("aria-busy", String(busy));
  }

  /** One sentence for those who listen, some time after the last move. */
  #announceSoon() {
    clearTimeout(this.#announcing);
    if (!this.#touched) return;
    const wait = Math.max(0, this.#movedAt + ANNOUNCING - Date.now());
    this.#announcing = setTimeout(() => {
      const { first } = this.readout;
      this.status.announce(first ? `${this.definition.title}: ${first}` : this.definition.title);
    }, wait);
  }

  #engineChanged() {
    this.section.setAttribute("data-engine", this.engine.state);
    // a worker that is gone has taken along what it had computed
    if (this.engine.state !== "ready") this.#share = null;
    this.#say();
  }

  /** What the status line says. */
  #say() {
    const { state, progress, failure } = this.engine;
    const [sentence, figures] =
      state === "loading" && (this.#waiting || this.#touched)
        ? progress?.stage === "download"
          ? ["Loading the engine that computes any values", `: ${megabytes(progress.loaded)} of ${megabytes(progress.total)} MB`]
          : ["Starting the engine", ""]
        : this.#waiting && this.#slow
          ? ["Computing", this.#share === null ? "" : `: ${Math.floor(100 * this.#share)} %`]
          : this.#note
            ? [this.#note, ""]
            : state === "failed"
              ? [`${failure}; moves of one control alone are still answered.`, ""]
              : [leftOut(this.definition, this.#values), ""];
    this.status.say(sentence, figures);
  }

  /** @param {string} sentence */
  #tell(sentence) {
    this.#note = sentence;
    this.#say();
  }

  /** @param {string} action of a button */
  async #act(action) {
    this.#touched = true;
    if (action === "reset") {
      this.#set(this.built);
      this.address.committed(this);
    } else if (action === "link") {
      const { href } = this.section.ownerDocument.location;
      await spelling(this.definition, this.#values);
      const sentences = ["The link is copied.", leftOut(this.definition, this.#values)];
      await this.#copy(href.split("#")[0] + this.hash(), sentences.join(" ").trim());
    } else if (action === "python") {
      await this.#copy(toPython(this.definition, this.#values), "The line of Python is copied.");
    } else if (action === "csv") {
      await this.#saveCsv();
    } else if (action === "svg") {
      const svg = this.readout.picture?.shown;
      const say = (/** @type {number} */ row) => this.readout.words(row);
      if (svg) save(this.section.ownerDocument, `${this.name}.svg`, "image/svg+xml", standalone(svg, say));
    }
  }

  async #saveCsv() {
    if (this.#waiting) return;
    const rows = this.#shown ? this.#shown.rows : await this.#builtRows();
    if (rows) save(this.section.ownerDocument, `${this.name}.csv`, "text/csv", csv(rows, Object.keys(this.definition.columns)));
    else this.#tell("The table at full precision needs the engine, which is not there.");
  }

  /** The rows that the page was built with, at full precision. @returns {Promise<Row[] | null>} */
  async #builtRows() {
    const isDefault = same(this.built, defaults(this.definition));
    const found = isDefault ? this.definition.defaults : undefined;
    if (found?.rows) return found.rows;
    const reply = await this.#ask(this.built);
    this.#waiting = false;
    this.#say();
    return ("answer" in reply && reply.answer.rows) || null;
  }

  /**
   * @param {string} text
   * @param {string} done
   */
  async #copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.#tell(done);
    } catch {
      this.#note = "";
      this.status.offer(text);
    }
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
