/**
 * Largest difference, relative to the largest magnitude of what was expected.
 *
 * @param actual - numbers
 * @param expected - numbers, as many
 * @returns the error; Infinity when a number is NaN
 */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [largest, difference] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i])
    if (Number.isNaN(off)) return Infinity
    difference = Math.max(difference, off)
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  return difference === 0 ? 0 : difference / largest
}
