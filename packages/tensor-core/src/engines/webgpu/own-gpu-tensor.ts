import { tf } from '../../tf.js'
import { gpuBackend } from './active-backend.js'

/**
 * A tensor that may be changed in place: the given one where its memory is its own, else a copy. Clones, reshapes and
 * what a gradient keeps share memory with the tensor they come from, and would change with it.
 *
 * @param tensor - float32
 * @returns the tensor, or a copy that is subject to `tf.tidy`
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function ownGpuTensor(tensor: tf.Tensor): tf.Tensor {
  return gpuBackend('ownGpuTensor').owns(tensor) ? tensor : tf.mul(tensor, 1)
}
