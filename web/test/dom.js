/** A page for tests, with the markup that the build writes. */

import { JSDOM } from "jsdom";

const NAMES = ["document", "DOMParser", "Element", "Event", "HTMLInputElement", "HTMLSelectElement", "SVGElement", "XMLSerializer"];

const SVG = (/** @type {string} */ size) =>
  `<svg role="img" aria-label="A trial. What it shows." viewBox="0 0 10 20"><text>${size}, built</text></svg>`;

export const SECTION = `
<section class="explorer" data-explorer="trial" data-engine="idle" aria-busy="false" aria-labelledby="trial-title" data-base="../">
  <p class="explorer-title" id="trial-title">A trial</p>
  <div class="explorer-stage"><div class="explorer-shown">
    <div class="metrics headline"><div class="metric"><output data-metric="usd" data-value="5576000.0">$5.576 M</output></div></div>
    <figure><div class="chart chart-wide">${SVG("wide")}</div><div class="chart chart-narrow">${SVG("narrow")}</div></figure></div>
  <div class="explorer-hands">
  <form class="controls"><fieldset disabled>
    <div class="control"><label for="trial-num_gpus">GPUs [GPUs]</label>
      <input type="range" data-slider-for="num_gpus" min="0" max="3" step="1" value="2" aria-valuetext="2,048 GPUs">
      <input type="number" id="trial-num_gpus" data-control="num_gpus" min="8" max="100000" step="1" value="2048">
      <span class="range-note">8 to 100,000</span> <span class="control-error" id="e1" role="alert" hidden></span></div>
    <div class="control"><label for="trial-price">Price</label>
      <input type="range" data-slider-for="price" min="0" max="4" step="1" value="1">
      <input type="number" id="trial-price" data-control="price" step="any" value="2.0"><span class="control-error" hidden></span></div>
    <div class="control"><select data-control="accelerator"><option value="h800-sxm" selected>H800</option>
      <option value="h100-sxm">H100</option><option value="2.0">two</option></select><span class="control-error" hidden></span></div>
    <div class="control"><input type="checkbox" data-control="causal" checked><span class="control-error" hidden></span></div>
    <details class="more-controls"><summary>More controls (1)</summary><div class="control"><textarea data-control="changes" maxlength="200000"></textarea><input type="file" data-file-for="changes"><span class="control-error" hidden></span></div></details>
  </fieldset></form>
  <p class="explorer-status" role="status" aria-live="polite"></p>
  <p class="explorer-error" role="alert" hidden></p>
  <p class="no-js">The controls need JavaScript.</p></div></div>
  <div class="metrics">
    <output data-metric="none" data-value="">\u2013</output>
    <output data-metric="days" data-value="56.722">56.7 days</output></div>
  <details class="data-table"><summary>Data table, 1 rows</summary><div class="table-scroll"><table class="table">
    <thead><tr><th scope="col">Run</th><th scope="col" class="number">Days</th><th scope="col" class="number">Count</th></tr></thead>
    <tbody><tr><th scope="row">built</th><td class="number">1.00</td><td class="number">2</td></tr></tbody></table></div></details>
  <div class="buttons"><button type="button" data-action="reset" disabled>Reset</button>
    <button type="button" data-action="compare" aria-pressed="false" disabled>Compare with the default</button>
    <button type="button" data-action="link" disabled>Copy link</button><button type="button" data-action="csv" disabled>CSV</button>
    <button type="button" data-action="svg" disabled>SVG</button><button type="button" data-action="python" disabled>Copy Python</button></div>
</section>`;

/**
 * Open a page; its window's names are global until the next.
 *
 * @param {string} [hash]
 * @returns {Window & typeof globalThis}
 */
export function openPage(hash = "") {
  const html = `<style>.chart-narrow { display: none }</style>${SECTION}`;
  const { window } = new JSDOM(html, { url: `https://site.example/book/page.html${hash}`, pretendToBeVisual: true });
  window.HTMLElement.prototype.scrollIntoView = () => {};
  for (const name of NAMES) Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
  return window;
}
