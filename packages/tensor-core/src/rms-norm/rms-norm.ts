import { expectShape } from '../expect-shape.js'
import { withGradient, withGradients } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { RmsNormKernel, RmsNormOptions } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Root-mean-square normalisation over the last axis: `x · weight / √(mean(x²) + epsilon)` (spec 4.1).
 *
 * @param x - `[..., size]`
 * @param weight - `[size]`
 * @param options - epsilon and kernel choice
 * @returns shape of `x`; differentiable with respect to `x` and `weight`
 * @throws SwatError `shape` when `weight` does not fit the last axis of `x`
 */
export function rmsNorm<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, options: RmsNormOptions = {}): T {
  const { kernel, epsilon, asRows } = prepare('rmsNorm', x, weight, options)
  return withGradient(
    [x, weight],
    () => tf.reshape(kernel.forward({ x: asRows(x), addend: null, weight, epsilon }).normalised, x.shape),
    (gradient, [x, weight]) => {
      const rows = { sum: asRows(x), normalisedGradient: asRows(gradient), sumGradient: null }
      const gradients = kernel.backward({ ...rows, weight: weight as tf.Tensor1D, epsilon })
      return [tf.reshape(gradients.sum, x.shape), gradients.weight]
    },
  ) as T
}

/** What {@link addRmsNorm} returns. */
export interface AddRmsNormResult<T extends tf.Tensor> {
  /** `x + addend`: the residual stream after the branch. */
  sum: T
  /** The sum, normalised: the input of the next branch. */
  normalised: T
}

/**
 * Sum and {@link rmsNorm} of it in one pass, for a residual stream that a branch joins before the next norm (spec 4.1):
 * use `sum` in place of `x` from then on. In the backward pass, too, the gradients of stream and branch meet at once.
 *
 * @param x - the residual stream, `[..., size]`
 * @param addend - what a branch adds to it, of the same shape; null = nothing, at the start of a block
 * @param weight - `[size]`
 * @param options - epsilon and kernel choice
 * @returns sum and normalised sum, both of the shape of `x`; differentiable with respect to `x`, `addend` and `weight`
 * @throws SwatError `shape` when `weight` does not fit the last axis of `x`, or `addend` has another shape
 */
export function addRmsNorm<T extends tf.Tensor>(
  x: T,
  addend: T | null,
  weight: tf.Tensor1D,
  options: RmsNormOptions = {},
): AddRmsNormResult<T> {
  const { kernel, epsilon, asRows } = prepare('addRmsNorm', x, weight, options)
  if (addend) expectShape('addRmsNorm', 'addend', addend, x.shape)
  const [sum, normalised] = withGradients(
    addend ? [x, addend, weight] : [x, weight],
    () => {
      const outputs = kernel.forward({ x: asRows(x), addend: addend && asRows(addend), weight, epsilon })
      const sum = addend ? tf.reshape(outputs.sum, x.shape) : tf.clone(x)
      return { outputs: [sum, tf.reshape(outputs.normalised, x.shape)], saved: [sum, weight] }
    },
    ([sumGradient, normalisedGradient], _, [sum, weight]) => {
      const rows = {
        sum: asRows(sum),
        normalisedGradient: asRows(normalisedGradient),
        sumGradient: asRows(sumGradient),
      }
      const gradients = kernel.backward({ ...rows, weight: weight as tf.Tensor1D, epsilon })
      const ofSum = tf.reshape(gradients.sum, x.shape)
      return addend ? [ofSum, ofSum, gradients.weight] : [ofSum, gradients.weight]
    },
    { keepInputs: false },
  )
  return { sum: sum as T, normalised: normalised as T }
}

function prepare(
  op: string,
  x: tf.Tensor,
  weight: tf.Tensor1D,
  options: RmsNormOptions,
): { kernel: RmsNormKernel; epsilon: number; asRows: (tensor: tf.Tensor) => tf.Tensor2D } {
  const size = x.shape[x.shape.length - 1]
  expectShape(op, 'weight', weight, [size])
  const rows = x.size / size
  const request = { ...kernelRequest(options.kernels), rows, size }
  return {
    kernel: chooseKernel('rmsNorm', kernels, request, options.kernels),
    epsilon: options.epsilon ?? 1e-6,
    asRows: (tensor) => tf.reshape(tensor, [rows, size]),
  }
}
