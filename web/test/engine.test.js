/** The client of the engine against a worker that does as it is told. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Engine, LIMITS } from "../src/engine/engine.js";

/**
 * @import { FromWorker, Reply, ToWorker } from "../src/types.js"
 */

class FakeWorker {
  /** @type {FakeWorker[]} */
  static made = [];
  /** @type {ToWorker[]} */
  sent = [];
  terminated = false;
  /** @type {((event: MessageEvent) => void) | null} */
  onmessage = null;
  /** @type {((event: ErrorEvent) => void) | null} */
  onerror = null;

  constructor() {
    FakeWorker.made.push(this);
  }

  /** @param {ToWorker} message */
  postMessage(message) {
    this.sent.push(message);
  }

  terminate() {
    this.terminated = true;
  }

  /** @param {FromWorker} data */
  say(data) {
    this.onmessage?.(/** @type {MessageEvent} */ ({ data }));
  }

  breakDown() {
    this.onerror?.(/** @type {any} */ ({ preventDefault() {} }));
  }

  /** What it was asked last. */
  get asked() {
    const last = this.sent.at(-1);
    assert.ok(last?.type === "ask");
    return last;
  }

  /** @param {unknown} answer */
  answer(answer) {
    const { id } = this.asked;
    this.say({ type: "begun", id });
    this.say({ type: "answer", id, text: JSON.stringify(answer) });
  }
}

/** The newest worker. */
function worker() {
  const last = FakeWorker.made.at(-1);
  assert.ok(last);
  return last;
}

/** @type {Engine} */
let engine;
/** @type {string[]} */
let states;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  FakeWorker.made = [];
  engine = new Engine("https://site/engine/", () => new FakeWorker());
  states = [];
  engine.onChange(() => states.at(-1) !== engine.state && states.push(engine.state));
});
afterEach(() => mock.timers.reset());

/**
 * @param {Promise<Reply>} promise
 * @returns {{ reply?: Reply }}
 */
function watch(promise) {
  /** @type {{ reply?: Reply }} */
  const seen = {};
  void promise.then((reply) => (seen.reply = reply));
  return seen;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("it starts once, tells its progress, and answers what was asked meanwhile", async () => {
  engine.start();
  engine.start();
  assert.equal(FakeWorker.made.length, 1);
  assert.deepEqual(worker().sent, [{ type: "start", base: "https://site/engine/", snapshot: true }]);
  const seen = watch(engine.ask("cost", "{}"));
  worker().say({ type: "progress", stage: "download", loaded: 1, total: 4 });
  assert.deepEqual(engine.progress && [engine.progress.loaded, engine.progress.total], [1, 4]);
  worker().say({ type: "ready" });
  assert.equal(engine.progress, null);
  assert.equal(worker().asked.values, "{}");
  worker().answer({ metrics: { usd: 1 } });
  await settle();
  assert.deepEqual(seen.reply, { answer: { metrics: { usd: 1 } } });
  assert.deepEqual(states, ["loading", "ready"]);
});

test("what is found so far is told with the share that is computed, while it is wanted", () => {
  engine.start();
  worker().say({ type: "ready" });
  /** @type {any[]} */
  const told = [];
  void engine.ask("cost", "{}", (share, soFar) => told.push([share, soFar]));
  const { id } = worker().asked;
  worker().say({ type: "begun", id });
  worker().say({ type: "working", id, share: 0.25 });
  worker().say({ type: "working", id, share: 0.5, text: '{"metrics": {"usd": 2}}' });
  engine.cancel("cost");
  worker().say({ type: "working", id, share: 0.75, text: '{"metrics": {"usd": 1}}' });
  assert.deepEqual(told, [
    [0.25, undefined],
    [0.5, { metrics: { usd: 2 } }],
  ]);
});

test("one request runs, of those that wait the newest of each explorer is kept", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const first = watch(engine.ask("cost", "1"));
  const second = watch(engine.ask("cost", "2"));
  const other = watch(engine.ask("flops", "a"));
  const third = watch(engine.ask("cost", "3"));
  assert.equal(worker().sent.length, 2);
  await settle();
  assert.deepEqual([first.reply, second.reply], [{ superseded: true }, { superseded: true }]);
  worker().answer({ metrics: { n: 1 } });
  assert.equal(worker().asked.values, "a", "what has waited longest is next");
  worker().answer({ metrics: { n: 9 } });
  assert.equal(worker().asked.values, "3");
  worker().answer({ metrics: { n: 3 } });
  await settle();
  assert.deepEqual(third.reply, { answer: { metrics: { n: 3 } } });
  assert.deepEqual(other.reply, { answer: { metrics: { n: 9 } } });
});

test("an answer for a move that was taken back is not delivered", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const seen = watch(engine.ask("cost", "1"));
  engine.cancel("cost");
  worker().answer({ metrics: {} });
  await settle();
  assert.deepEqual(seen.reply, { superseded: true });
  assert.equal(worker().terminated, false);
});

test("what takes long and is superseded is stopped with its worker, which costs no restart", async () => {
  engine.start();
  worker().say({ type: "ready" });
  for (const round of [1, 2, 3]) {
    const slow = worker();
    void engine.ask("cost", `${round} slow`);
    slow.say({ type: "begun", id: slow.asked.id });
    mock.timers.tick(3000);
    const next = watch(engine.ask("cost", `${round} next`));
    mock.timers.tick(LIMITS.superseded - 3001);
    assert.equal(slow.terminated, false);
    mock.timers.tick(1);
    assert.equal(slow.terminated, true);
    assert.deepEqual(worker().sent, [{ type: "start", base: "https://site/engine/", snapshot: true }]);
    worker().say({ type: "ready" });
    assert.equal(worker().asked.values, `${round} next`);
    worker().answer({ metrics: { round } });
    await settle();
    assert.deepEqual(next.reply, { answer: { metrics: { round } } });
  }
});

test("what takes long and is wanted runs on while another explorer waits", () => {
  engine.start();
  worker().say({ type: "ready" });
  void engine.ask("cost", "long");
  worker().say({ type: "begun", id: worker().asked.id });
  void engine.ask("flops", "other");
  mock.timers.tick(LIMITS.compute - 1);
  assert.equal(worker().terminated, false);
});

test("how much is computed is told of what runs and is wanted, and of nothing else", async () => {
  /** @type {[string, number][]} */
  const heard = [];
  const ask = (/** @type {string} */ name, /** @type {string} */ values) =>
    watch(engine.ask(name, values, (share) => heard.push([values, share])));
  engine.start();
  worker().say({ type: "ready" });
  ask("cost", "1");
  const first = worker().asked.id;
  worker().say({ type: "begun", id: first });
  worker().say({ type: "working", id: first, share: 0.25 });
  const second = ask("cost", "2");
  worker().say({ type: "working", id: first, share: 0.5 });
  worker().answer({ metrics: {} });
  const { id } = worker().asked;
  worker().say({ type: "begun", id });
  worker().say({ type: "working", id: first, share: 0.75 });
  worker().say({ type: "working", id, share: 0.1 });
  const old = worker();
  old.breakDown();
  old.say({ type: "working", id, share: 0.2 });
  worker().say({ type: "ready" });
  worker().say({ type: "working", id, share: 0.05 });
  worker().answer({ metrics: {} });
  worker().say({ type: "working", id, share: 0.9 });
  await settle();
  assert.deepEqual(second.reply, { answer: { metrics: {} } });
  assert.deepEqual(heard, [["1", 0.25], ["2", 0.1], ["2", 0.05]]);
});

test("a computation that advances is alive, whether its explorer listens or not", () => {
  engine.start();
  worker().say({ type: "ready" });
  void engine.ask("cost", "1");
  const { id } = worker().asked;
  worker().say({ type: "begun", id });
  for (const share of [0.2, 0.4]) {
    mock.timers.tick(LIMITS.compute - 1);
    worker().say({ type: "working", id, share });
  }
  mock.timers.tick(LIMITS.compute - 1);
  assert.equal(engine.state, "ready");
  mock.timers.tick(1);
  assert.equal(engine.state, "loading");
});

test("a worker that breaks is started again once, with what it was asked; then the engine has failed", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const seen = watch(engine.ask("cost", "1"));
  const broken = worker();
  broken.breakDown();
  assert.ok(broken.terminated);
  assert.equal(engine.state, "loading");
  worker().say({ type: "ready" });
  worker().answer({ metrics: { n: 1 } });
  await settle();
  assert.deepEqual(seen.reply, { answer: { metrics: { n: 1 } } });

  const last = watch(engine.ask("cost", "2"));
  worker().breakDown();
  await settle();
  assert.deepEqual(last.reply, { failed: "The engine stopped" });
  assert.equal(engine.state, "failed");
  assert.deepEqual(await engine.ask("cost", "3"), { failed: "The engine stopped" });
  assert.equal(FakeWorker.made.length, 2);
});

test("a killed worker says nothing: it is noticed when it does not take up a request", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const killed = worker();
  const seen = watch(engine.ask("cost", "1"));
  mock.timers.tick(LIMITS.begin);
  assert.ok(killed.terminated);
  worker().say({ type: "ready" });
  worker().answer({ metrics: {} });
  await settle();
  assert.deepEqual(seen.reply, { answer: { metrics: {} } });
});

test("a newer move wins over the one that a dead worker was asked", () => {
  engine.start();
  worker().say({ type: "ready" });
  void engine.ask("cost", "1");
  void engine.ask("cost", "2");
  worker().breakDown();
  worker().say({ type: "ready" });
  assert.equal(worker().asked.values, "2");
});

test("a dead worker counts as the one restart, also where a newer move came before the watchdog", async () => {
  engine.start();
  worker().say({ type: "ready" });
  void engine.ask("cost", "1");
  void engine.ask("cost", "2");
  mock.timers.tick(LIMITS.superseded);
  worker().say({ type: "ready" });
  assert.equal(worker().asked.values, "2");
  const seen = watch(engine.ask("cost", "3"));
  mock.timers.tick(LIMITS.superseded);
  await settle();
  assert.equal(engine.state, "failed");
  assert.deepEqual(seen.reply, { failed: "The engine stopped" });
});

test("a start without a sign of life ends; the second goes without what was kept; then it has failed", async () => {
  const seen = watch(engine.ask("cost", "1"));
  mock.timers.tick(LIMITS.start - 1);
  worker().say({ type: "progress", stage: "download", loaded: 1, total: 4 });
  mock.timers.tick(LIMITS.start - 1);
  assert.equal(FakeWorker.made.length, 1, "a download that advances is a sign of life");
  mock.timers.tick(1);
  assert.equal(FakeWorker.made.length, 2);
  assert.deepEqual(worker().sent, [{ type: "start", base: "https://site/engine/", snapshot: false }]);
  mock.timers.tick(LIMITS.start);
  await settle();
  assert.deepEqual(seen.reply, { failed: "The engine did not start" });
  assert.equal(engine.state, "failed");
});

test("a computation without an answer ends, and is tried once more", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const seen = watch(engine.ask("cost", "1"));
  for (const state of ["loading", "failed"]) {
    worker().say({ type: "begun", id: worker().asked.id });
    mock.timers.tick(LIMITS.compute);
    assert.equal(engine.state, state);
    if (state === "loading") worker().say({ type: "ready" });
  }
  await settle();
  assert.deepEqual(seen.reply, { failed: "The engine gave no answer within 20 s" });
});

test("where it cannot run at all it has failed at once, with the reason", async () => {
  const seen = watch(engine.ask("cost", "1"));
  worker().say({ type: "failed", sentence: "The engine cannot start: WebAssembly is missing or blocked" });
  await settle();
  assert.deepEqual(seen.reply, { failed: "The engine cannot start: WebAssembly is missing or blocked" });
  assert.ok(worker().terminated);
  engine.start();
  assert.equal(FakeWorker.made.length, 1);
});

test("a browser that makes no worker is told, not thrown", async () => {
  const none = new Engine("https://site/engine/", () => {
    throw new Error("blocked");
  });
  const reply = await none.ask("cost", "1");
  assert.deepEqual(reply, { failed: "The engine cannot start: this browser runs no module workers here" });
});

test("an answer that comes late from a dead worker is not heard", async () => {
  engine.start();
  worker().say({ type: "ready" });
  const seen = watch(engine.ask("cost", "1"));
  const old = worker();
  const { id } = old.asked;
  old.breakDown();
  old.say({ type: "answer", id, text: '{"metrics": {}}' });
  await settle();
  assert.equal(seen.reply, undefined);
});
