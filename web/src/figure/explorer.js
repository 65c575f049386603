/**
 * One figure of a page: its controls, its numbers, its picture and its table.
 *
 * A move is answered by the page itself, by the stored moves, or by the engine. The section is
 * `aria-busy` from the moment a control changes until the numbers shown are those of the
 * controls shown; what lags behind them has the class `stale`.
 *
 * @import { Address } from "../state/address.js"
 * @import { Engine } from "../engine/engine.js"
 * @import { Answer, Definition, Draw, Row, Settings, Value } from "../types.js"
 */

import { locate } from "../engine/answers.js";
import { Asking } from "./asking.js";
import { ghosts } from "./compare.js";
import { Controls } from "./controls.js";
import { Readout } from "./readout.js";
import { defaults, fromHash, leftOut, same, spelling, toHash, toJson, unpacking, variant } from "../state/state.js";
import { sayEngine, sayFailure, Status } from "./status.js";
import { take } from "./take.js";

/** After the last key in a text box, before it is computed [ms] */
const TYPING = 400;
/** After the last move, before it is announced [ms] */
const ANNOUNCING = 600;

const NOT_ACCEPTED = "The numbers are those of the last values that were accepted.";
const NOT_COMPUTED = "the numbers are those of the last state that was computed.";
const NOT_COMPARED = "The default shows something else than this, so it is not drawn.";
const NOT_FINISHED = "the numbers are those found until then.";
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
   * @param {Draw} with_.draw
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
      speak: (sentence) => {
        // what the move before has to say would talk over it
        clearTimeout(this.#announcing);
        this.status.announce(sentence);
      },
    });
    this.status = new Status(section);
    this.asking = new Asking(engine, this.name, () => this.#say());
  }

  /** Take up work: let the controls be used, and show what the address asks for. */
  start() {
    this.controls.show(this.#values);
    const { form } = this.controls;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => this.#moved(target, "moving"));
    form.addEventListener("change", ({ target }) => this.#moved(target, "committed"));
    for (const event of ["pointerdown", "focusin"]) form.addEventListener(event, () => this.#touch());
    for (const button of this.section.querySelectorAll("button[data-action]")) {
      button.addEventListener("click", () => void this.#act(button.getAttribute("data-action") ?? "", button));
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

  /**
   * @param {EventTarget | null} target
   * @param {"moving" | "committed"} how
   */
  #moved(target, how) {
    const control = this.controls.touched(target);
    if (!control) return;
    this.#read(how === "moving" && control.kind === "textarea");
    this.#tellAddress(how);
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
    this.asking.cancel();
    this.#movedAt = Date.now();
    clearTimeout(this.#announcing);
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
    const reply = await this.asking.ask(toJson(this.definition, this.#values));
    if (turn !== this.#turn) return;
    this.asking.waiting = false;
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
    const reply = await this.asking.ask(toJson(this.definition, this.#values), (soFar) => {
      if (turn !== this.#turn || soFar.error !== undefined) return;
      this.#showNumbers(soFar);
      void this.#showRows(soFar.rows ?? []);
    });
    if (turn !== this.#turn) return;
    this.asking.waiting = false;
    if ("failed" in reply) {
      this.#busy(false);
      this.readout.markNumbers(true);
      this.#note = `${reply.failed}; ${this.asking.early ? NOT_FINISHED : NOT_COMPUTED}`;
      this.#say();
    } else if ("answer" in reply) {
      if (reply.answer.error !== undefined) return this.#refuse(reply.answer.error);
      this.#showNumbers(reply.answer);
      void this.#showRows(reply.answer.rows ?? []);
      this.#settled();
    }
  }

  /** @param {Answer} answer */
  #showNumbers({ metrics = {}, rows }) {
    this.#shown = { metrics, rows: rows ?? null };
    this.readout.showNumbers(metrics);
  }

  /** @param {Row[]} rows */
  #showRows(rows) {
    return this.#drawn(this.readout.showRows(rows, variant(this.definition, this.#values)));
  }

  /** @param {Promise<void> | undefined} drawing */
  async #drawn(drawing) {
    const turn = this.#turn;
    try {
      await drawing;
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
    this.asking.engineChanged();
    this.#say();
  }

  /** What the status line says. */
  #say() {
    const { engine, asking } = this;
    const [sentence, figures] = sayEngine(engine, asking.waiting, this.#touched) ??
      asking.say() ?? [this.#note || sayFailure(engine) || leftOut(this.definition, this.#values) || this.#sayCompared(), ""];
    this.status.say(sentence, figures);
  }

  /** Why the default is not seen, though the reader compares with it. */
  #sayCompared() {
    const { definition } = this;
    const rows = this.readout.compares && this.#shown?.rows;
    return rows && !ghosts(definition, rows, variant(definition, this.#values)).length ? NOT_COMPARED : "";
  }

  /** @param {string} sentence */
  #tell(sentence) {
    this.#note = sentence;
    this.#say();
  }

  /**
   * @param {string} action
   * @param {Element} button
   */
  async #act(action, button) {
    this.#touched = true;
    if (action === "reset") {
      this.#set(this.built);
      this.address.committed(this);
    } else if (action === "compare") {
      this.readout.compares = !this.readout.compares;
      button.setAttribute("aria-pressed", String(this.readout.compares));
      this.#tell("");
      await this.#drawn(this.readout.picture?.again());
    } else if (action !== "csv" || !this.asking.waiting) {
      await take(action, {
        page: this.section.ownerDocument,
        definition: this.definition,
        values: this.#values,
        rows: async () => (this.#shown ? this.#shown.rows : this.#builtRows()),
        picture: () => this.readout.standalone,
        tell: (sentence) => this.#tell(sentence),
        offer: (text) => {
          this.#note = "";
          this.status.offer(text);
        },
      });
    }
  }

  /** The rows that the page was built with, at full precision. @returns {Promise<Row[] | null>} */
  async #builtRows() {
    const isDefault = same(this.built, defaults(this.definition));
    const found = isDefault ? this.definition.defaults : undefined;
    if (found?.rows) return found.rows;
    const reply = await this.asking.ask(toJson(this.definition, this.built));
    this.asking.waiting = false;
    this.#say();
    return ("answer" in reply && reply.answer.rows) || null;
  }
}
