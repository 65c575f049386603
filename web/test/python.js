/** What Python says, for tests that compare. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const OWN = path.join(ROOT, ".venv", "bin", "python");

/**
 * The output of a program of Python, given data as JSON on its standard input.
 *
 * @param {string} program
 * @param {unknown} input
 * @returns {string}
 */
export function python(program, input = null) {
  return execFileSync(existsSync(OWN) ? OWN : "python3", ["-c", program], {
    input: JSON.stringify(input),
    env: { ...process.env, PYTHONPATH: path.join(ROOT, "src"), PYTHONIOENCODING: "utf-8" },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
}
