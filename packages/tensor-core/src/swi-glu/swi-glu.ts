import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { SwiGluOptions } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * The gated activation of the feed-forward layer: `silu(gate) · up`, element by element, with
 * `silu(x) = x · sigmoid(x)` (spec 4.1).
 *
 * @param gate - any shape
 * @param up - the shape of `gate`
 * @param options - kernel choice
 * @returns the shape of `gate`; differentiable with respect to `gate` and `up`
 * @throws SwatError `shape` when the shapes differ
 */
export function swiGlu<T extends tf.Tensor>(gate: T, up: T, options: SwiGluOptions = {}): T {
  expectShape('swiGlu', 'up', up, gate.shape)
  const { size, shape } = gate
  const kernel = chooseKernel('swiGlu', kernels, { ...kernelRequest(options.kernels), size }, options.kernels)
  const flat = (tensor: tf.Tensor): tf.Tensor1D => tf.reshape(tensor, [size])
  const inputs = ([gate, up]: readonly tf.Tensor[]) => ({ gate: flat(gate), up: flat(up) })
  return withGradient(
    [gate, up],
    (tensors) => tf.reshape(kernel.forward(inputs(tensors)), shape),
    (outputGradient, tensors) => {
      const gradients = kernel.backward(inputs(tensors), flat(outputGradient))
      return [tf.reshape(gradients.gate, shape), tf.reshape(gradients.up, shape)]
    },
  ) as T
}
