/**
 * Give the reader a file.
 *
 * @param {Document} page
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
export function save(page, name, type, text) {
  const link = page.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
