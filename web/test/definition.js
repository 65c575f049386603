/** A small explorer for tests. */

import { parse } from "../src/state/data.js";

const ROWS = [
  { run: "this, \"one\"", days: 56.5, count: 3 },
  { run: "<b>other</b>", days: null, count: 1234567 },
];

/** @type {import("../src/types.js").Definition} */
export const DEFINITION = parse(`{
  "name": "trial",
  "aliases": ["before"],
  "title": "A trial",
  "controls": [
    {"key": "num_gpus", "label": "GPUs", "kind": "range", "default": 2048, "unit": "GPUs",
     "low": 8, "high": 100000, "step": 8, "whole": true, "stops": [8, 1000, 2048, 100000]},
    {"key": "price", "label": "Price", "kind": "range", "default": 2.0, "unit": "USD per GPU-hour",
     "low": 0.1, "high": 20.0, "step": 0.05, "whole": false, "stops": [0.1, 2.0, 2.5, 3.0, 20.0]},
    {"key": "accelerator", "label": "Accelerator", "kind": "select", "default": "h800-sxm", "unit": "",
     "options": [["h800-sxm", "H800"], ["h100-sxm", "H100"], [2.0, "two"]]},
    {"key": "causal", "label": "Causal", "kind": "checkbox", "default": true, "unit": ""},
    {"key": "changes", "label": "Changes", "kind": "textarea", "default": "", "unit": ""}
  ],
  "metrics": {
    "none": {"label": "Nothing", "unit": "", "digits": 4},
    "usd": {"label": "Cost", "unit": "USD", "digits": 4},
    "days": {"label": "Days", "unit": "days", "digits": 3}
  },
  "columns": {
    "run": {"label": "Run", "unit": "", "digits": 4},
    "days": {"label": "Days", "unit": "", "digits": 3},
    "count": {"label": "Count", "unit": "", "digits": 4}
  },
  "moves": {
    "num_gpus": {
      "8": {"metrics": {"none": null, "usd": 5576000, "days": 14520.0}, "rows": ${JSON.stringify(ROWS)}},
      "1000": {"metrics": {"none": null, "usd": "9007199254740993", "days": 116.0}}
    },
    "price": {"3": {"metrics": {"none": null, "usd": 8364000, "days": 56.72}, "rows": []}, "1e-05": {"metrics": {}}},
    "accelerator": {"h100-sxm": {"metrics": {"none": null, "usd": 1, "days": 2}, "rows": []}, "2": {"error": "no such thing"}},
    "causal": {"false": {"metrics": {"none": null, "usd": 2, "days": 2}, "rows": []}}
  },
  "has_rows": true
}`);
