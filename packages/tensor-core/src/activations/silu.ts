import { sigmoid, sigmoidDerivative } from './sigmoid.js'

/**
 * The activation of SwiGLU: `x · sigmoid(x)` (spec 3.2), also called swish.
 *
 * @param x - any number
 * @returns a number ≥ −0.2785
 */
export function silu(x: number): number {
  return x * sigmoid(x)
}

/**
 * Derivative of {@link silu}: `sigmoid(x) + x · sigmoid′(x)`.
 *
 * @param x - any number
 * @returns the slope at x
 */
export function siluDerivative(x: number): number {
  return sigmoid(x) + x * sigmoidDerivative(x)
}
