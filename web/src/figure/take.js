/**
 * What a reader takes away from a figure: a link to its state, a line of Python, its table, its picture.
 *
 * @import { Definition, Row, Settings } from "../types.js"
 */

import { leftOut, spelling, toHash, toPython } from "../state/state.js";
import { csv } from "./csv.js";
import { save } from "./save.js";

/**
 * @typedef {object} Figure what is taken, and where it is told
 * @property {Document} page
 * @property {Definition} definition
 * @property {Settings} values
 * @property {() => Promise<Row[] | null>} rows at full precision; null where the engine is needed and is not there
 * @property {() => string | null} picture as a file of its own
 * @property {(sentence: string) => void} tell
 * @property {(text: string) => void} offer to be copied by hand
 */

/**
 * @param {string} action of a button
 * @param {Figure} figure
 */
export async function take(action, figure) {
  const { page, definition, values, tell } = figure;
  if (action === "link") {
    await spelling(definition, values);
    const sentences = ["The link is copied.", leftOut(definition, values)];
    await copy(page.location.href.split("#")[0] + toHash(definition, values), sentences.join(" ").trim(), figure);
  } else if (action === "python") {
    await copy(toPython(definition, values), "The line of Python is copied.", figure);
  } else if (action === "csv") {
    const rows = await figure.rows();
    if (rows) save(page, `${definition.name}.csv`, "text/csv", csv(rows, Object.keys(definition.columns)));
    else tell("The table at full precision needs the engine, which is not there.");
  } else if (action === "svg") {
    const picture = figure.picture();
    if (picture) save(page, `${definition.name}.svg`, "image/svg+xml", picture);
  }
}

/**
 * @param {string} text
 * @param {string} done
 * @param {Figure} figure
 */
async function copy(text, done, { tell, offer }) {
  try {
    await navigator.clipboard.writeText(text);
    tell(done);
  } catch {
    offer(text);
  }
}
