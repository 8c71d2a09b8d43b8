import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { tf } from '../../tf.js'

/**
 * TensorFlow.js's wasm backend copies the numbers of a tensor that is cloned, and every tensor that is kept for the
 * backward pass is cloned. This makes clones share them, as they do on its other backends.
 */
export function mendIdentity(): void {
  const stock = tf.getKernel('Identity', 'wasm')
  tf.unregisterKernel('Identity', 'wasm')
  tf.registerKernel({
    ...stock,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { dataId, shape, dtype } = inputs.x as tf.TensorInfo
      if (dtype === 'string') return stock.kernelFunc({ inputs, backend, attrs })
      ;(backend as BackendWasm).incRef(dataId)
      return { dataId, shape, dtype }
    },
  })
}
