import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { tf } from '../../tf.js'

/**
 * A float32 tensor's numbers where they lie in WebAssembly memory, without a copy. The one file that touches the
 * backend's internals. A view ends when memory grows: take it after the last allocation, use it at once.
 *
 * @param tensor - a float32 tensor on the wasm backend
 * @returns its elements; writing to them is only safe in a tensor that nothing has multiplied with yet, as the backend
 * keeps a packed copy of right-hand operands
 */
export function heapView({ dataId, shape, dtype }: tf.Tensor): Float32Array {
  return (tf.backend() as BackendWasm).typedArrayFromHeap({ dataId, shape, dtype }) as Float32Array
}

/**
 * A float32 tensor whose elements are not set yet; fill {@link heapView} of it.
 *
 * @param shape - the shape
 * @returns the tensor, subject to `tf.tidy`
 */
export function uninitializedTensor(shape: number[]): tf.Tensor {
  const backend = tf.backend() as BackendWasm
  return tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32'), backend)
}
