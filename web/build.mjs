/**
 * Make the scripts of the site: node web/build.mjs FOLDER
 *
 *   explorer.js       the figures; every page with figures loads it as a module
 *   guess.js          covers answers until they are guessed; pages with figures that ask load it
 *   page.js           says where a number of the text comes from, and copies; every page loads it
 *   engine-worker.js  Python, in a module worker
 *   vega.js           draws a chart; loaded at the first redraw
 *   licenses.txt      of what is bundled in them
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const SOURCE = path.join(path.dirname(fileURLToPath(import.meta.url)), "src");

/**
 * @param {string} folder
 * @returns {Promise<Record<string, number>>} size of each script, gzipped [bytes]
 */
export async function makeScripts(folder) {
  const { metafile } = await build({
    absWorkingDir: path.dirname(SOURCE),
    entryPoints: {
      explorer: path.join(SOURCE, "main.js"),
      guess: path.join(SOURCE, "guess.js"),
      page: path.join(SOURCE, "page.js"),
      "engine-worker": path.join(SOURCE, "engine", "worker.js"),
      vega: path.join(SOURCE, "figure", "vega.js"),
    },
    outdir: folder,
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    charset: "utf8",
    legalComments: "none", // they stand in licenses.txt
    logLevel: "warning",
    metafile: true,
  });
  writeFileSync(path.join(folder, "licenses.txt"), licenses(Object.keys(metafile.inputs)));
  const names = ["explorer.js", "guess.js", "page.js", "engine-worker.js", "vega.js"];
  return Object.fromEntries(names.map((name) => [name, gzipSync(readFileSync(path.join(folder, name)), { level: 9 }).length]));
}

/**
 * The licenses of the packages that files came from.
 *
 * @param {string[]} inputs
 */
function licenses(inputs) {
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter((one) => one !== undefined);
  const texts = [...new Set(folders)].sort().map((relative) => {
    const folder = path.resolve(path.dirname(SOURCE), relative);
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? readFileSync(path.join(folder, file), "utf8").trim() : "";
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (!folder) {
    console.error("A folder is needed: node web/build.mjs FOLDER");
    process.exit(2);
  }
  for (const [name, size] of Object.entries(await makeScripts(path.resolve(folder)))) {
    console.log(`${name}\t${(size / 1000).toFixed(1)} KB gzipped`);
  }
}
