/** What every page does besides its figures: its numbers say where they come from, and how it is cited is copied. */

import { offerToCopy } from "./page/cite.js";
import { Numbers } from "./page/numbers.js";

/** @type {HTMLElement | null} */
const article = document.querySelector("article.bd-article");
if (article) new Numbers(article, /** @type {HTMLAnchorElement | null} */ (document.querySelector("a.report")));
const cite = document.querySelector("details.cite");
if (cite) offerToCopy(cite);
