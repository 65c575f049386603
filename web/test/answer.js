/**
 * What the engine answers in Node: node web/test/answer.js WHEEL
 *
 * Reads lines, each a JSON list of [explorer, values as JSON text], and writes a line with the list of the answers' texts.
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { loadPyodide } from "pyodide";

const [wheel] = process.argv.slice(2);

const pyodide = await loadPyodide();
const folder = pyodide.runPython("import sysconfig; sysconfig.get_path('purelib')");
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "zip", { extractDir: folder });
const answer = pyodide.runPython("from moecalc.explorers import answer; answer");

for await (const line of createInterface({ input: process.stdin })) {
  /** @type {[string, string][]} */
  const requests = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(requests.map(([name, values]) => answer(name, values)))}\n`);
}
