/**
 * A chart as SVG text: of Vega, what draws compiled Vega-Lite charts without interaction. No
 * canvas renderer is used, no maps, no forces, no trees. Expressions are interpreted, not
 * compiled, so a page whose policy forbids eval draws too.
 *
 * @import { Row } from "../types.js"
 */

import { transforms } from "vega-dataflow";
import * as encode from "vega-encode";
import { expressionInterpreter } from "vega-interpreter";
import { parse } from "vega-parser";
import * as transform from "vega-transforms";
import { View } from "vega-view";
import * as layout from "vega-view-transforms";
import { forPage } from "./for-page.js";
import { chartRows } from "./rows.js";

Object.assign(transforms, transform, layout, encode);

/**
 * A chart to be put into the page.
 *
 * @param {Parameters<typeof toSVG>} what as `toSVG` takes it
 */
export async function draw(...what) {
  return forPage(await toSVG(...what));
}

/** Let the page take its turn: the steps of a first drawing are long. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/**
 * @param {object} spec a Vega specification with an empty data set named rows
 * @param {Row[]} rows
 * @param {Row[]} [ghosts] rows of another state, to be drawn faintly
 * @returns {Promise<string>}
 */
export async function toSVG(spec, rows, ghosts) {
  /** @type {unknown} Vega reports what goes wrong to its logger alone */
  let failure;
  const quiet = () => logger;
  const logger = {
    level: quiet,
    warn: quiet,
    info: quiet,
    debug: quiet,
    error(/** @type {unknown} */ error) {
      failure ??= error;
      return logger;
    },
  };
  await pause();
  const runtime = parse(spec, undefined, { ast: true });
  await pause();
  const view = new View(runtime, { renderer: "none", expr: expressionInterpreter, logger });
  try {
    await view.data("rows", chartRows(rows, ghosts)).runAsync();
    await pause();
    const svg = await view.toSVG();
    if (failure) throw failure;
    return svg;
  } finally {
    view.finalize();
  }
}
