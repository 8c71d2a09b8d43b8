import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { LinearOptions } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Projection without bias over the last axis: `y = x · weightᵀ`, the layout of PyTorch's `nn.Linear`.
 *
 * @param x - `[..., inputSize]`
 * @param weight - `[outputSize, inputSize]`
 * @param options - kernel choice
 * @returns `[..., outputSize]`; differentiable with respect to `x` and `weight`
 * @throws SwatError `shape` when `weight` does not fit the last axis of `x`
 */
export function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor2D, options: LinearOptions = {}): T {
  const inputSize = x.shape[x.shape.length - 1]
  expectShape('linear', 'weight', weight, ['outputSize', inputSize])
  const outputSize = weight.shape[0]
  const rows = x.size / inputSize
  const request = { ...kernelRequest(options.kernels), rows, inputSize, outputSize }
  const kernel = chooseKernel('linear', kernels, request, options.kernels)
  const inputs = ([x, weight]: readonly tf.Tensor[]) => ({
    x: tf.reshape(x, [rows, inputSize]) as tf.Tensor2D,
    weight: weight as tf.Tensor2D,
    precision: request.precision,
  })
  return withGradient(
    [x, weight],
    (tensors) => tf.reshape(kernel.forward(inputs(tensors)), [...x.shape.slice(0, -1), outputSize]),
    (outputGradient, tensors) => {
      const gradients = kernel.backward(inputs(tensors), tf.reshape(outputGradient, [rows, outputSize]))
      return [tf.reshape(gradients.x, x.shape), gradients.weight]
    },
  ) as T
}
