/**
 * The logistic function `1 / (1 + e⁻ˣ)`, accurate at both ends (spec 3.2).
 *
 * @param x - any number
 * @returns a number in [0, 1]
 */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const e = Math.exp(x)
  return e / (1 + e)
}

/**
 * Derivative of {@link sigmoid}, as `sigmoid(x) · sigmoid(−x)`: `p · (1 − p)` would lose its digits for large x
 * (spec 3.2).
 *
 * @param x - any number
 * @returns a number in [0, 1/4]
 */
export function sigmoidDerivative(x: number): number {
  return sigmoid(x) * sigmoid(-x)
}

/**
 * Logarithm of {@link sigmoid}, as `min(x, 0) − log1p(e^−|x|)` (spec 3.2).
 *
 * @param x - any number
 * @returns a number ≤ 0
 */
export function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))
}
