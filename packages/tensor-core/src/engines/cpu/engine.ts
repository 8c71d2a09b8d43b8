import { tf } from '../../tf.js'
import type { EngineLoader } from '../engine.js'

/** TensorFlow.js's plain JavaScript backend, on which the reference kernels run. */
export const engine: EngineLoader = {
  backend: 'cpu',
  async start() {
    await tf.setBackend('cpu')
    await tf.ready()
    Object.assign(tf.backend(), { firstUse: false }) // else the first tensor prints an advertisement for tfjs-node
    return { device: 'JavaScript, 1 thread', features: [], limits: {} }
  },
}
