/**
 * The start: every figure of the page gets its definition and comes to life; they share one
 * engine, which starts at the first touch, or when the page has been idle for a while and
 * the connection is neither slow nor metered.
 *
 * @import { Definition } from "./types.js"
 */

import { Address } from "./state/address.js";
import { parse } from "./state/data.js";
import { Engine } from "./engine/engine.js";
import { Explorer } from "./figure/explorer.js";
import { variants } from "./state/state.js";

/** After the page has loaded, before the engine starts by itself [ms] */
const IDLE = 4_000;

/** @type {Promise<typeof import("./figure/vega.js")> | null} */
let vega = null;
/** @type {Map<string, Promise<object>>} */
const specs = new Map();

/** Loaded at the first picture that is drawn anew; tried again where that failed. */
function loadVega() {
  vega ??= import(new URL("vega.js", import.meta.url).href).catch((error) => {
    vega = null;
    throw error;
  });
  return vega;
}

/**
 * @param {string} address
 * @returns {Promise<object>}
 */
function loadSpec(address) {
  const loading =
    specs.get(address) ??
    fetchText(address).then(JSON.parse, (error) => {
      specs.delete(address);
      throw error;
    });
  specs.set(address, loading);
  return loading;
}

/** @param {string} address */
async function fetchText(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}

/**
 * The site's root: where the page says, or else above the folder of this script.
 *
 * @param {HTMLElement} section
 */
function baseOf(section) {
  const { base } = section.dataset;
  return base === undefined ? new URL("../", import.meta.url).href : new URL(base, document.baseURI).href;
}

/**
 * @param {HTMLElement} section
 * @param {Engine} engine
 * @param {Address} address
 */
async function bringToLife(section, engine, address) {
  const base = baseOf(section);
  const name = section.dataset.explorer ?? "";
  const spec = (/** @type {string} */ chart) => loadSpec(`${base}explorers/${name}.${chart}.vg.json`);
  /** @type {Definition} */
  let definition;
  try {
    definition = parse(await fetchText(`${base}explorers/${name}.json`));
    new Explorer(section, definition, {
      engine,
      address,
      draw: async (chart, ...rows) => {
        const [{ draw }, drawn] = await Promise.all([loadVega(), spec(chart)]);
        return draw(drawn, ...rows);
      },
    }).start();
  } catch (error) {
    console.error(error);
    const status = section.querySelector(".explorer-status");
    if (status) status.textContent = "The controls could not be loaded; reload the page to try again.";
    return;
  }
  // once the engine runs, the figure works without the network; so must its picture
  const charts = variants(definition).flatMap((variant) => [`wide${variant}`, `narrow${variant}`]);
  engine.onChange(() => {
    if (engine.state === "ready") void Promise.all([loadVega(), ...charts.map(spec)]).catch(() => {});
  });
}

/** Whether the reader's connection is one to spare. */
function isFrugal() {
  const { connection } = /** @type {{ connection?: { saveData?: boolean, effectiveType?: string } }} */ (navigator);
  return connection?.saveData === true || /2g|3g/.test(connection?.effectiveType ?? "");
}

/** @param {() => void} work */
function whenIdle(work) {
  const wait = () => setTimeout(() => (window.requestIdleCallback ?? setTimeout)(work), IDLE);
  if (document.readyState === "complete") wait();
  else window.addEventListener("load", wait);
}

/** @type {HTMLElement[]} */
const sections = [...document.querySelectorAll(/** @type {any} */ ("section[data-explorer]"))];
if (sections.length) {
  const engine = new Engine(
    `${baseOf(sections[0])}engine/`,
    () => new Worker(new URL("engine-worker.js", import.meta.url), { type: "module" }),
  );
  const address = new Address(window);
  for (const section of sections) void bringToLife(section, engine, address);
  if (!isFrugal()) whenIdle(() => engine.start());
}
