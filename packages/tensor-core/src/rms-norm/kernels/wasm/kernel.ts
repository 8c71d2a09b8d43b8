import { asFloat32 } from '../../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor } from '../../../engines/wasm/heap.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import { tf } from '../../../tf.js'
import type { RmsNormKernel } from '../../contract.js'
import { rmsNormModule } from './rms-norm-module.js'

/** WebAssembly SIMD: each row is read while it is in the cache. */
export const kernel: RmsNormKernel = {
  name: 'wasm',
  supports: simdSupport,

  forward({ x, addend, weight, epsilon }) {
    const [rows, size] = x.shape
    const sum = addend ? (tf.add(x, addend) as tf.Tensor2D) : x
    const normalised = uninitializedTensor([rows, size]) as tf.Tensor2D
    const [from, by, to] = [asFloat32(sum), asFloat32(weight), normalised].map(heapPointer)
    rmsNormModule.run('forward', {
      items: rows,
      grain: Math.ceil(16384 / size),
      argumentsFor: (first, count) => [from + 4 * first * size, by, to + 4 * first * size, count, size, epsilon],
    })
    return { sum, normalised }
  },

  backward({ sum, weight, epsilon, normalisedGradient, sumGradient }) {
    const [rows, size] = sum.shape
    const gradients = { sum: uninitializedTensor([rows, size]) as tf.Tensor2D, weight: tf.zeros([size]) as tf.Tensor1D }
    const given = [asFloat32(sum), asFloat32(weight), asFloat32(normalisedGradient)]
    const { groupRows, addGroups } = rmsNormModule.exports()
    const groups = Math.ceil(rows / groupRows())
    const sums = tf.zeros([groups, size])
    const [from, by, dy, dx, dWeight, group] = [...given, gradients.sum, gradients.weight, sums].map(heapPointer)
    rmsNormModule.run('backward', {
      items: rows,
      grain: Math.ceil(8192 / size),
      together: groupRows(),
      argumentsFor: (first, count) => [
        ...[from, by, dy, dx].map((at, i) => (i === 1 ? at : at + 4 * first * size)),
        group + 4 * (first / groupRows()) * size,
        ...[count, size, epsilon],
      ],
    })
    addGroups(group, groups, dWeight, size)
    return sumGradient ? { ...gradients, sum: tf.add(gradients.sum, sumGradient) } : gradients
  },
}
