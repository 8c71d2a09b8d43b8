import { asFloat32 } from '../../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor } from '../../../engines/wasm/heap.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import type { tf } from '../../../tf.js'
import type { SwiGluKernel } from '../../contract.js'
import { swiGluModule } from './swi-glu-module.js'

/** WebAssembly SIMD, one pass over the elements. */
export const kernel: SwiGluKernel = {
  name: 'wasm',
  supports: simdSupport,

  forward({ gate, up }) {
    const output = uninitializedTensor([gate.size]) as tf.Tensor1D
    const [from, by, to] = [asFloat32(gate), asFloat32(up), output].map(heapPointer)
    swiGluModule.run('forward', {
      ...elements(gate),
      argumentsFor: (first, count) => [...[from, by, to].map((at) => at + 4 * first), count],
    })
    return output
  },

  backward({ gate, up }, outputGradient) {
    const [dGate, dUp] = [0, 1].map(() => uninitializedTensor([gate.size]) as tf.Tensor1D)
    const given = [asFloat32(gate), asFloat32(up), asFloat32(outputGradient)]
    const [from, by, dOut, toGate, toUp] = [...given, dGate, dUp].map(heapPointer)
    swiGluModule.run('backward', {
      ...elements(gate),
      argumentsFor: (first, count) => [...[from, by, dOut, toGate, toUp].map((at) => at + 4 * first), count],
    })
    return { gate: dGate, up: dUp }
  },
}

/** Vectors of four. */
const elements = ({ size }: tf.Tensor) => ({ items: size, grain: 8192, together: 4 })
