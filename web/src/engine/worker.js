/**
 * The engine: Python in a worker (Pyodide), with moecalc in it.
 *
 * It takes the address of its files by message, tells how far it is, and answers one request
 * at a time. After the first answer it keeps a picture of its memory for the next page, so
 * that the next start takes a fraction of the first; the names for that are private to
 * Pyodide, so every step of it may fail, and then the start is a plain one.
 *
 * @import { EngineFiles, FromWorker, ToWorker } from "../types.js"
 */

import { sparsely } from "../sparsely.js";

/** The least that is a WebAssembly module. */
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
/** Files that Pyodide fetches while it starts. */
const COUNTED = /\.(wasm|zip|whl|json|mjs)$/;
/** After the last request, how long to wait before memory is kept: that takes a moment [ms] */
const QUIET = 1_500;
/** Between two words on how far a computation is [ms] */
const WORKING = 100;

/** @type {any} a worker has no window, and these types know no worker */
const scope = self;

/** @param {FromWorker} message */
function tell(message) {
  scope.postMessage(message);
}

/** A reason that no second try will cure. */
class Hopeless extends Error {}

/** @type {any} */
let pyodide = null;
/** @type {{ save: () => Promise<void> } | null} */
let snapshots = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let saving;

scope.onmessage = async (/** @type {MessageEvent<ToWorker>} */ { data }) => {
  if (data.type === "ask") {
    answer(data.id, data.name, data.values);
    return;
  }
  try {
    await start(data.base, data.snapshot);
    tell({ type: "ready" });
    keepSoon();
  } catch (error) {
    stopped(error);
  }
};

/** @param {unknown} error */
function stopped(error) {
  if (error instanceof Hopeless) tell({ type: "failed", sentence: error.message });
  else tell({ type: "dead", sentence: "The engine could not be loaded" });
}

/**
 * @param {string} base
 * @param {boolean} mayUseSnapshot
 */
async function start(base, mayUseSnapshot) {
  await needWebAssembly();
  /** @type {EngineFiles} */
  const files = await (await get(`${base}engine.json`)).json();
  const store = await Snapshots.open(base, files.version);
  const kept = mayUseSnapshot ? await store?.load() : undefined;
  if (!mayUseSnapshot) await store?.forget();
  // what an earlier visit has fetched is not fetched again, so there is nothing to count
  if (!kept) countDownloads(files);
  watchInstantiation();

  const wheel = get(`${base}${files.wheel}`).then((response) => response.arrayBuffer());
  wheel.catch(() => {}); // reported where it is awaited
  const { loadPyodide } = await import(`${base}pyodide.mjs`);
  const options = { indexURL: base, checkIntegrity: false };
  if (kept) {
    try {
      pyodide = await loadPyodide({ ...options, _loadSnapshot: kept });
    } catch {
      await store?.forget();
    }
  }
  pyodide ??= await loadPyodide({ ...options, _makeSnapshot: store !== null });
  const site = pyodide.runPython("import sysconfig; sysconfig.get_path('purelib')");
  pyodide.unpackArchive(await wheel, "zip", { extractDir: site });
  pyodide.runPython("import importlib; importlib.invalidate_caches(); import moecalc.explorers");
  if (!store || kept) return;
  const size = memorySize();
  // a start gives memory its first size, and a picture of more does not fit in
  snapshots = { save: async () => (memorySize() === size ? store.save(pyodide) : undefined) };
}

/** @returns {number | undefined} bytes of Python's memory; undefined where that name is gone */
function memorySize() {
  return pyodide._module?.HEAP8?.length;
}

async function needWebAssembly() {
  try {
    await WebAssembly.instantiate(EMPTY_MODULE);
  } catch {
    throw new Hopeless("The engine cannot start: WebAssembly is missing or blocked");
  }
}

/**
 * @param {string} address
 * @returns {Promise<Response>}
 */
async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response;
}

/**
 * Let every fetch tell how much has come.
 *
 * @param {EngineFiles} files
 */
function countDownloads({ bytes, plain_bytes: plainBytes }) {
  const plainFetch = scope.fetch;
  let come = 0;
  let told = 0;
  let open = 0;
  let coreSeen = false;
  const count = (/** @type {number} */ length) => {
    come += length;
    if (come - told < plainBytes / 100 && come < plainBytes) return;
    told = come;
    tell({ type: "progress", stage: "download", loaded: bytes * Math.min(1, come / plainBytes), total: bytes });
  };
  tell({ type: "progress", stage: "download", loaded: 0, total: bytes });
  scope.fetch = async (/** @type {any[]} */ ...request) => {
    /** @type {Response} */
    const response = await plainFetch.apply(scope, request);
    if (!response.body || !COUNTED.test(new URL(response.url).pathname)) return response;
    open += 1;
    coreSeen ||= response.url.endsWith(".wasm");
    const counted = response.body.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          count(chunk.byteLength);
          controller.enqueue(chunk);
        },
        flush() {
          open -= 1;
          if (open === 0 && coreSeen) tell({ type: "progress", stage: "start", loaded: bytes, total: bytes });
        },
      }),
    );
    return new Response(counted, { status: response.status, headers: response.headers });
  };
}

/**
 * Where the core cannot be instantiated, Pyodide warns and waits for ever: say it instead.
 * A host that sends the core under another media type is no reason to fail.
 */
function watchInstantiation() {
  const streaming = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    try {
      const response = await source;
      if (!response.ok) throw new Error(`status ${response.status}`);
      const isWasm = response.headers.get("content-type")?.startsWith("application/wasm");
      return isWasm
        ? await streaming.call(WebAssembly, response, imports)
        : await WebAssembly.instantiate(await response.arrayBuffer(), imports);
    } catch (error) {
      stopped(error);
      return new Promise(() => {}); // this worker is given up
    }
  };
}

/**
 * @param {number} id
 * @param {string} name
 * @param {string} values JSON
 */
function answer(id, name, values) {
  clearTimeout(saving);
  tell({ type: "begun", id });
  let text;
  try {
    const ask = pyodide.runPython("from moecalc.explorers import answer; answer");
    // what is told while Python runs goes out at once; numbers and texts cost no proxy
    const tellShare = sparsely(WORKING, (share) => tell({ type: "working", id, share }));
    text = ask(name, values, (/** @type {number} */ share, /** @type {string | undefined} */ soFar) =>
      soFar === undefined ? tellShare(share) : tell({ type: "working", id, share, text: soFar }),
    );
    ask.destroy();
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    if (!(error instanceof pyodide.ffi.PythonError)) {
      tell({ type: "dead", sentence: "The engine stopped" });
      return;
    }
    // the last line of a traceback names the error
    const line = told.trim().split("\n").at(-1) ?? "";
    text = JSON.stringify({ error: line.startsWith("ValueError: ") ? line.slice(12) : `This cannot be computed: ${line}` });
  }
  tell({ type: "answer", id, text });
  keepSoon();
}

/** Keep memory once nothing has been asked for a moment. */
function keepSoon() {
  clearTimeout(saving);
  if (!snapshots) return;
  saving = setTimeout(() => {
    const { save } = /** @type {{ save: () => Promise<void> }} */ (snapshots);
    snapshots = null;
    save().catch(() => {});
  }, QUIET);
}

/** Pictures of the engine's memory, one for each version, in the reader's browser. */
class Snapshots {
  /**
   * @param {Cache} cache
   * @param {string} key
   */
  constructor(cache, key) {
    this.cache = cache;
    this.key = key;
  }

  /**
   * @param {string} base
   * @param {string} version
   * @returns {Promise<Snapshots | null>} null where the browser keeps nothing
   */
  static async open(base, version) {
    try {
      const store = new Snapshots(await caches.open(`engine of ${base}`), `${base}snapshot-${encodeURIComponent(version)}`);
      for (const request of await store.cache.keys()) {
        if (request.url !== store.key) await store.cache.delete(request);
      }
      return store;
    } catch {
      return null;
    }
  }

  /** @returns {Promise<Uint8Array | undefined>} */
  async load() {
    try {
      const response = await this.cache.match(this.key);
      return response && new Uint8Array(await response.arrayBuffer());
    } catch {
      return undefined;
    }
  }

  async forget() {
    await this.cache.delete(this.key).catch(() => false);
  }

  /** @param {any} python */
  async save(python) {
    if (typeof python.makeMemorySnapshot !== "function") return;
    await this.cache.put(this.key, new Response(python.makeMemorySnapshot()));
  }
}
