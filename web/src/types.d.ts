/** What the modules pass to each other. Data comes from explorers/NAME.json and from the engine. */

import type { Float } from "./state/data.js";

/** A value of a metric or of a cell, as `parse` of data.js reads it. */
export type Value = number | string | boolean | null | Float;

/** A value of a control: a number, an option's text, on or off, a text. */
export type Setting = number | string | boolean;

export type Settings = Record<string, Setting>;

export interface Control {
  key: string;
  label: string;
  kind: "select" | "range" | "checkbox" | "textarea";
  default: Value;
  unit?: string;
  /** select: value, and label in words */
  options?: [Value, string][];
  /** range: lowest and highest accepted value */
  low?: number | Float;
  high?: number | Float;
  step?: number | Float;
  whole?: boolean;
  /** range: the values on which the slider stops */
  stops?: (number | Float)[];
  /** range: what 0 stands for, where not for itself */
  zero?: string;
}

export interface Metric {
  label: string;
  unit?: string;
  digits?: number;
}

export type Row = Record<string, Value>;

/** What an explorer shows for some values; without rows where they are left to the engine. */
export interface Answer {
  metrics?: Record<string, Value>;
  rows?: Row[];
  /** the rows are those of the defaults, and not repeated */
  same_rows?: boolean;
  error?: string;
}

/** Draws a chart, wide or narrow, and its variant; the last rows are another state's, to be drawn faintly. */
export type Draw = (chart: string, rows: Row[], ghosts: Row[]) => Promise<Element>;

export interface Definition {
  name: string;
  /** names that it had before */
  aliases?: string[];
  title: string;
  controls: Control[];
  metrics: Record<string, Metric>;
  columns: Record<string, Metric>;
  /** columns that a mark says, the first of which names it; all of them where there are none */
  says?: string[];
  /** control -> key of a row that holds a value of it, or its words */
  picks?: Record<string, string>;
  moves: Record<string, Record<string, Answer>>;
  /** whether the moves hold rows; else picture and table follow from the engine */
  has_rows?: boolean;
  /** keys of a row that two states have in common where one can be drawn over the other; none where the chart cannot do it */
  compares?: string[] | null;
  /** controls whose every value has a chart of its own */
  variants?: string[];
  /** the state with all controls at their defaults */
  defaults?: Answer;
}

/** engine.json */
export interface EngineFiles {
  wheel: string;
  /** size of the download, packed as hosts send it */
  bytes: number;
  /** size of the same files unpacked: what is counted while they come */
  plain_bytes: number;
  version: string;
}

export type ToWorker =
  | { type: "start"; base: string; snapshot: boolean }
  | { type: "ask"; id: number; name: string; values: string };

export type FromWorker =
  | { type: "progress"; stage: "download" | "start"; loaded: number; total: number }
  | { type: "ready" }
  | { type: "begun"; id: number }
  /** how much of the answer is computed, from 0 to 1, where the explorer tells it, and what is found so far */
  | { type: "working"; id: number; share: number; text?: string }
  | { type: "answer"; id: number; text: string }
  /** it cannot start, and trying again is of no use */
  | { type: "failed"; sentence: string }
  /** it broke, and a new worker may do better */
  | { type: "dead"; sentence: string };

export interface WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

/** What becomes of a request to the engine. */
export type Reply = { answer: Answer } | { superseded: true } | { failed: string };

export type EngineState = "idle" | "loading" | "ready" | "failed";
