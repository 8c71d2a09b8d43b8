import { tf } from '../tf.js'
import { isGpuBackend } from './webgpu/active-backend.js'

/**
 * The values of a tensor if they can be had without waiting for a GPU: always on backends that compute in this thread,
 * on webgpu only while the host's own copy is what the tensor holds.
 *
 * @param tensor - a tensor of the active backend
 * @returns its values, or null
 */
export function hostValues(tensor: tf.Tensor): Int32Array | Float32Array | Uint8Array | null {
  const backend = tf.backend()
  return isGpuBackend(backend) ? backend.hostValues(tensor.dataId) : tensor.dataSync()
}
