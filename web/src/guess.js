/** The start of guessing: each figure that asks for a guess is covered, unless the reader has seen its answer in this visit. */

import { Cover } from "./guess/cover.js";
import { Verdict } from "./guess/verdict.js";
import { Visit } from "./guess/visit.js";
import { askedIn } from "./guess/words.js";
import { nameInHash } from "./state/state.js";

const visit = new Visit(() => window.sessionStorage);
/** @type {Map<string, Cover>} */
const covers = new Map();

/** @type {NodeListOf<HTMLElement>} */
const sections = document.querySelectorAll("section[data-explorer]");
for (const section of sections) {
  const name = section.dataset.explorer ?? "";
  /** @type {HTMLElement | null | undefined} */
  const question = section.querySelector("template")?.content.querySelector(".guess");
  if (!question) continue;
  const before = visit.guessed(name);
  if (before) new Verdict(section, askedIn(question), Number(before));
  if (before !== null || visit.showsAll || nameInHash(window.location.hash) === name) continue;
  const cover = new Cover(section, question, {
    guessed: (guess) => {
      visit.keep(name, String(guess));
      new Verdict(section, askedIn(question), guess).element.focus();
    },
    skipped: () => visit.keep(name, ""),
    skippedAll: () => {
      visit.showAll();
      for (const one of covers.values()) one.remove();
    },
  });
  covers.set(name, cover);
}

// whoever follows a link to a figure has come for its answer
window.addEventListener("hashchange", () => covers.get(nameInHash(window.location.hash))?.remove());
