/** The SVG that Vega writes, as it stands in a page. */

let drawn = 0;

/**
 * An SVG with ids of its own, no fixed size, the page's fonts, and the numbers of their rows in its marks. Whoever puts it
 * into the page says what it shows.
 *
 * @param {string} text
 * @returns {Element}
 */
export function forPage(text) {
  const page = globalThis.document;
  const svg = page.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  const prefix = `d${(drawn += 1)}`;
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    element.removeAttribute("font-family");
    // a mark carries the number of its row as its description
    const description = element === svg ? null : element.getAttribute("aria-label");
    if (description !== null && /^\d+$/.test(description)) element.setAttribute("data-row", description);
    for (const { name, value } of [...element.attributes]) {
      // the marks' own roles have no names, and a picture is one thing to those who cannot see it
      if (name === "role" || name.startsWith("aria-")) element.removeAttribute(name);
      else if (name === "id") element.id = `${prefix}-${value}`;
      else if (value.includes("url(#")) element.setAttribute(name, value.replaceAll("url(#", `url(#${prefix}-`));
    }
  }
  const width = svg.getAttribute("width");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  if (width && svg instanceof SVGElement) svg.style.maxWidth = `${width}px`;
  svg.setAttribute("role", "img");
  return svg;
}
