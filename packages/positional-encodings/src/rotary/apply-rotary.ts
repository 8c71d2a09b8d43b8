import { chooseKernel, expectShape, kernelRequest, type tf, withGradient } from '@swat-js/tensor-core'
import type { RotaryOptions } from './contract.js'
import { kernels } from './kernels/index.js'
import type { RotaryTables } from './rotary-tables.js'

/**
 * Rotary position embedding: turns each pair of dimensions by position · frequency (spec 2), so that the inner
 * product of a rotated query and a rotated key depends on the distance between them alone.
 *
 * @param x - queries or keys `[batch, length, heads, headDim]`
 * @param tables - from `rotaryTables`, for these positions; row i belongs to token i
 * @param options - layout of the pairs and kernel choice
 * @returns shape of `x`; differentiable with respect to `x`
 * @throws SwatError `shape` when the tables are for another length or head size
 */
export function applyRotary(x: tf.Tensor4D, tables: RotaryTables, options: RotaryOptions = {}): tf.Tensor4D {
  expectShape('applyRotary', 'x', x, ['batch', tables.length, 'heads', tables.headDim])
  const style = options.style ?? 'half'
  const request = { ...kernelRequest(options.kernels), length: tables.length, headDim: tables.headDim, style }
  const kernel = chooseKernel('applyRotary', kernels, request, options.kernels)
  return withGradient(
    [x],
    ([x]) => ({
      output: kernel.rotate({ x: x as tf.Tensor4D, cos: tables.cos, sin: tables.sin, style, direction: 1 }),
      saved: [tables.cos, tables.sin],
    }),
    (outputGradient, _inputs, [cos, sin]) => [
      kernel.rotate({
        x: outputGradient as tf.Tensor4D,
        cos: cos as tf.Tensor2D,
        sin: sin as tf.Tensor2D,
        style,
        direction: -1,
      }),
    ],
    { keepInputs: false },
  ) as tf.Tensor4D
}
