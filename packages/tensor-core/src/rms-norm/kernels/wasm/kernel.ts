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
    rmsNormModule.exports().forward(from, by, to, rows, size, epsilon)
    return { sum, normalised }
  },

  backward({ sum, weight, epsilon, normalisedGradient, sumGradient }) {
    const [rows, size] = sum.shape
    const gradients = { sum: uninitializedTensor([rows, size]) as tf.Tensor2D, weight: tf.zeros([size]) as tf.Tensor1D }
    const given = [asFloat32(sum), asFloat32(weight), asFloat32(normalisedGradient)]
    const [from, by, dy, dx, dWeight, group] = [...given, gradients.sum, gradients.weight, tf.zeros([size])].map(
      heapPointer,
    )
    rmsNormModule.exports().backward(from, by, dy, dx, dWeight, group, rows, size, epsilon)
    return sumGradient ? { ...gradients, sum: tf.add(gradients.sum, sumGradient) } : gradients
  },
}
