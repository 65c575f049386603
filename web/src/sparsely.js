/** For what is told more often than anyone can look. */

/**
 * A listener that lets a value through at most so often: none within a moment of the last one, or of the start.
 *
 * @param {number} wait [ms]
 * @param {(value: number) => void} tell
 * @returns {(value: number) => void}
 */
export function sparsely(wait, tell) {
  let told = performance.now();
  return (value) => {
    const now = performance.now();
    if (now - told < wait) return;
    told = now;
    tell(value);
  };
}
