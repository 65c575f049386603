/**
 * The controls of a figure as they stand in the page. The box (number, select, checkbox or
 * text) is the control; a slider beside it is another hand on it, which moves by stops.
 *
 * @import { Control, Definition, Setting, Settings } from "../types.js"
 */

import { plain } from "../state/format.js";
import { accepted, asText, inWords, LARGEST_TEXT, nearestStop, read } from "../state/state.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Box */

export class Controls {
  /** @type {Map<string, { control: Control, box: Box, slider: HTMLInputElement | null }>} */
  #parts = new Map();

  /**
   * @param {Element} section
   * @param {Definition} definition
   */
  constructor(section, definition) {
    this.section = section;
    this.form = /** @type {HTMLFormElement} */ (section.querySelector("form.controls"));
    for (const control of definition.controls) {
      /** @type {Box | null} */
      const box = section.querySelector(`[data-control="${control.key}"]`);
      if (!box) throw new Error(`${definition.name}: no box for ${control.key}`);
      /** @type {HTMLInputElement | null} */
      const slider = section.querySelector(`[data-slider-for="${control.key}"]`);
      this.#parts.set(control.key, { control, box, slider });
      if (slider) slider.max = String(Math.max(0, (control.stops?.length ?? 1) - 1));
      /** @type {HTMLInputElement | null} */
      const file = section.querySelector(`[data-file-for="${control.key}"]`);
      file?.addEventListener("change", () => void fill(box, file));
    }
  }

  /** Let them be used, and the buttons. */
  enable() {
    /** @type {NodeListOf<HTMLFieldSetElement | HTMLButtonElement>} */
    const hands = this.section.querySelectorAll("fieldset, button");
    for (const hand of hands) hand.disabled = false;
    /** @type {NodeListOf<HTMLElement>} */
    const excuses = this.section.querySelectorAll(".no-js");
    for (const excuse of excuses) excuse.hidden = true;
  }

  /**
   * The control that an event is about; a moved slider has set its box by then.
   *
   * @param {EventTarget | null} target
   * @returns {Control | null}
   */
  touched(target) {
    for (const { control, box, slider } of this.#parts.values()) {
      if (target === box) {
        this.#placeSlider(control.key);
        return control;
      }
      if (slider && target === slider) {
        const stop = Number(control.stops?.[Number(slider.value)]);
        box.value = asText(stop);
        slider.setAttribute("aria-valuetext", inWords(control, stop));
        return control;
      }
    }
    return null;
  }

  /**
   * What the boxes hold, and the controls that do not accept it; those say so beside their box.
   *
   * @returns {{ values: Settings, bad: Control[] }}
   */
  read() {
    /** @type {Settings} */
    const values = {};
    /** @type {Control[]} */
    const bad = [];
    for (const { control, box } of this.#parts.values()) {
      const text = box instanceof HTMLInputElement && box.type === "checkbox" ? asText(box.checked) : box.value;
      const found = read(control, text);
      if ("value" in found) values[control.key] = found.value;
      else bad.push(control);
      complain(box, "value" in found ? "" : `Takes ${accepted(control, (bound) => plain(Number(bound)))}.`);
    }
    return { values, bad };
  }

  /** The values that the page was built with. @returns {Settings} */
  built() {
    /** @type {Settings} */
    const values = {};
    for (const { control, box } of this.#parts.values()) {
      const found = read(control, builtText(box));
      if ("value" in found) values[control.key] = found.value;
    }
    return values;
  }

  /** @param {Settings} values */
  show(values) {
    for (const { control, box } of this.#parts.values()) {
      const value = values[control.key];
      if (box instanceof HTMLInputElement && box.type === "checkbox") box.checked = value === true;
      else box.value = asText(value);
      this.#placeSlider(control.key);
      complain(box, "");
      if (!same(read(control, builtText(box)), value)) unfold(box);
    }
  }

  /**
   * Put values into boxes, as hands that move them one after the other.
   *
   * @param {Iterable<[key: string, text: string]>} texts
   */
  put(texts) {
    const moved = [...texts].flatMap(([key, text]) => {
      const box = this.#parts.get(key)?.box;
      if (!box) return [];
      if (box instanceof HTMLInputElement && box.type === "checkbox") box.checked = text === "true";
      else box.value = text;
      return [box];
    });
    for (const box of moved) announce(box);
  }

  /** @param {string} key */
  #placeSlider(key) {
    const part = this.#parts.get(key);
    if (!part?.slider) return;
    const found = read(part.control, part.box.value);
    if (!("value" in found)) return;
    const value = Number(found.value);
    part.slider.value = String(nearestStop(part.control, value));
    part.slider.setAttribute("aria-valuetext", inWords(part.control, value));
  }
}

/**
 * Put a chosen file's text into a box; of one that is too large, enough to be refused.
 *
 * @param {Box} box
 * @param {HTMLInputElement} chooser
 */
async function fill(box, chooser) {
  const file = chooser.files?.[0];
  if (!file) return;
  box.value = await file.slice(0, LARGEST_TEXT + 1).text();
  // so that the same file can be chosen again
  chooser.value = "";
  announce(box);
}

/** @param {Box} box that holds something else now */
function announce(box) {
  for (const event of ["input", "change"]) box.dispatchEvent(new Event(event, { bubbles: true }));
}

/**
 * @param {{ value: Setting } | { error: string }} found
 * @param {Setting} value
 */
function same(found, value) {
  return "value" in found && found.value === value;
}

/**
 * Show a control that is moved, though it may be among the folded ones.
 *
 * @param {Box} box
 */
function unfold(box) {
  const folded = box.closest("details");
  if (folded) folded.open = true;
}

/**
 * @param {Box} box
 * @returns {string}
 */
function builtText(box) {
  if (box instanceof HTMLSelectElement) {
    const options = [...box.options];
    return (options.find((option) => option.defaultSelected) ?? options[0])?.value ?? "";
  }
  if (box instanceof HTMLInputElement && box.type === "checkbox") return asText(box.defaultChecked);
  return box.defaultValue;
}

/**
 * Say beside a box what it takes, or take that back.
 *
 * @param {Box} box
 * @param {string} sentence empty where all is well
 */
export function complain(box, sentence) {
  /** @type {HTMLElement | null} */
  const place = box.closest(".control")?.querySelector(".control-error") ?? null;
  if (sentence) {
    box.setAttribute("aria-invalid", "true");
    if (place?.id) box.setAttribute("aria-errormessage", place.id);
  } else {
    box.removeAttribute("aria-invalid");
    box.removeAttribute("aria-errormessage");
  }
  if (!place || place.textContent === sentence) return;
  place.textContent = sentence;
  place.hidden = !sentence;
}
