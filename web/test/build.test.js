/** The scripts of the site: small enough, complete, and able to draw. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { makeScripts } from "../build.mjs";

const folder = mkdtempSync(path.join(tmpdir(), "scripts-"));
const sizes = await makeScripts(folder);
after(() => rmSync(folder, { recursive: true }));

test("the scripts are small", () => {
  assert.ok(sizes["explorer.js"] < 15_000, `explorer.js: ${sizes["explorer.js"]}`);
  assert.ok(sizes["guess.js"] < 4_000, `guess.js: ${sizes["guess.js"]}`);
  assert.ok(sizes["page.js"] < 2_000, `page.js: ${sizes["page.js"]}`);
  assert.ok(sizes["engine-worker.js"] < 5_000, `engine-worker.js: ${sizes["engine-worker.js"]}`);
  assert.ok(sizes["vega.js"] < 180_000, `vega.js: ${sizes["vega.js"]}`);
});

test("the scripts name their neighbours, and no other host", () => {
  const main = readFileSync(path.join(folder, "explorer.js"), "utf8");
  for (const name of ["vega.js", "engine-worker.js"]) assert.ok(main.includes(name), name);
  for (const name of Object.keys(sizes)) {
    const addresses = readFileSync(path.join(folder, name), "utf8").match(/https?:\/\/[\w.]+/g) ?? [];
    assert.deepEqual([...new Set(addresses)].filter((address) => address !== "http://www.w3.org"), [], name);
  }
});

test("the licenses of what is bundled lie beside it", () => {
  const text = readFileSync(path.join(folder, "licenses.txt"), "utf8");
  for (const name of ["vega-view ", "d3-scale ", "Copyright"]) assert.ok(text.includes(name), name);
});

const SPEC = {
  $schema: "https://vega.github.io/schema/vega/v6.json",
  width: 200,
  height: 100,
  data: [{ name: "rows" }, { name: "large", source: "rows", transform: [{ type: "filter", expr: "datum.n > 1" }] }],
  scales: [
    { name: "x", type: "band", domain: { data: "rows", field: "name" }, range: "width" },
    { name: "y", type: "log", domain: { data: "rows", field: "n" }, range: "height" },
  ],
  axes: [{ orient: "bottom", scale: "x" }, { orient: "left", scale: "y", format: "~s" }],
  marks: [
    {
      type: "symbol",
      from: { data: "large" },
      encode: { enter: { x: { scale: "x", field: "name" }, y: { scale: "y", field: "n" }, fill: { value: "#2563a8" } } },
    },
    { type: "text", from: { data: "rows" }, encode: { enter: { text: { signal: "'no ' + datum.name" } } } },
  ],
};

test("a chart is drawn without a page, and text in it is only ever text", async () => {
  const { toSVG } = await import(pathToFileURL(path.join(folder, "vega.js")).href);
  const rows = [{ name: "<script>alert(1)</script>", n: 10 }, { name: "b", n: 1 }];
  const svg = await toSVG(SPEC, rows);
  assert.match(svg, /^<svg /);
  assert.equal(svg.match(/fill="#2563a8"/g)?.length, 1);
  assert.ok(svg.includes("no &lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.equal(svg.includes("<script"), false);
});

test("a chart is drawn where a page's policy forbids eval", () => {
  const program = `const { toSVG } = await import(${JSON.stringify(pathToFileURL(path.join(folder, "vega.js")).href)});
    console.log(await toSVG(${JSON.stringify(SPEC)}, [{ name: "a", n: 10 }]));`;
  const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", program];
  assert.ok(execFileSync(process.execPath, flags, { encoding: "utf8" }).includes("no a"));
});

test("a chart that cannot be drawn is told", async () => {
  const { toSVG } = await import(pathToFileURL(path.join(folder, "vega.js")).href);
  const broken = { ...SPEC, scales: [{ ...SPEC.scales[0], domain: { data: "nothing", field: "x" } }] };
  await assert.rejects(() => toSVG(broken, []));
});
