import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { RmsNormOptions } from './contract.js'
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
  const size = x.shape[x.shape.length - 1]
  expectShape('rmsNorm', 'weight', weight, [size])
  const rows = x.size / size
  const request = { ...kernelRequest(options.kernels), rows, size }
  const kernel = chooseKernel('rmsNorm', kernels, request, options.kernels)
  const epsilon = options.epsilon ?? 1e-6
  const inputs = ([x, weight]: readonly tf.Tensor[]) => ({
    x: tf.reshape(x, [rows, size]) as tf.Tensor2D,
    weight: weight as tf.Tensor1D,
    epsilon,
  })
  return withGradient(
    [x, weight],
    (tensors) => tf.reshape(kernel.forward(inputs(tensors)), x.shape),
    (outputGradient, tensors) => {
      const gradients = kernel.backward(inputs(tensors), tf.reshape(outputGradient, [rows, size]))
      return [tf.reshape(gradients.x, x.shape), gradients.weight]
    },
  ) as T
}
