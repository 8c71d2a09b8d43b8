import { asFloat32, heapPointer, simdSupport, type tf, uninitializedTensor } from '@swat-js/tensor-core'
import type { RotaryKernel } from '../../contract.js'
import { rotaryModule } from './rotary-module.js'

/** WebAssembly SIMD, one pass over the heads. */
export const kernel: RotaryKernel = {
  name: 'wasm',
  supports: simdSupport,

  rotate({ x, cos, sin, style, direction }) {
    const [batch, length, heads, headDim] = x.shape
    const output = uninitializedTensor(x.shape) as tf.Tensor4D
    const [from, cosines, sines, to] = [asFloat32(x), cos, sin, output].map(heapPointer)
    const interleaved = Number(style === 'interleaved')
    rotaryModule.exports().rotate(from, cosines, sines, to, batch, length, heads, headDim / 2, interleaved, direction)
    return output
  },
}
