import { silu, siluDerivative } from '../../../activations/silu.js'
import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { SwiGluKernel } from '../../contract.js'

/** The reference: plain loops. */
export const kernel: SwiGluKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward({ gate, up }) {
    const [G, U] = [gate.dataSync(), up.dataSync()]
    const Y = new Float32Array(gate.size)
    for (let i = 0; i < Y.length; i++) Y[i] = silu(G[i]) * U[i]
    return tf.tensor1d(Y)
  },

  backward({ gate, up }, outputGradient) {
    const [G, U, dY] = [gate.dataSync(), up.dataSync(), outputGradient.dataSync()]
    const dG = new Float32Array(gate.size)
    const dU = new Float32Array(gate.size)
    for (let i = 0; i < dG.length; i++) {
      dG[i] = dY[i] * U[i] * siluDerivative(G[i])
      dU[i] = dY[i] * silu(G[i])
    }
    return { gate: tf.tensor1d(dG), up: tf.tensor1d(dU) }
  },
}
