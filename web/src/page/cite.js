/** Copies how a page is cited. */

/** @param {Element} cite the folded entry with its button */
export function offerToCopy(cite) {
  const [entry, button, status] = ["pre", "button", "[role=status]"].map((what) => cite.querySelector(what));
  if (!(button instanceof HTMLElement) || !entry || !status) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(entry.textContent);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Copying was refused; the text is selected.";
      entry.ownerDocument.getSelection()?.selectAllChildren(entry);
    }
  });
}
