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
    const settings = [heads, headDim / 2, interleaved, direction]
    const position = heads * headDim
    // whole sequences, or positions of the only one
    const [items, size] = batch === 1 ? [length, position] : [batch, length * position]
    rotaryModule.run('rotate', {
      items,
      grain: Math.ceil(16384 / size),
      argumentsFor: (first, count) => {
        const at = 4 * first * size
        const angles = batch === 1 ? 2 * first * headDim : 0
        const counts = batch === 1 ? [1, count] : [count, length]
        return [from + at, cosines + angles, sines + angles, to + at, ...counts, ...settings]
      },
    })
    return output
  },
}
