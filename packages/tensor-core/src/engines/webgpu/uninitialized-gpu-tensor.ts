import type { tf } from '../../tf.js'
import { gpuBackend } from './active-backend.js'

/**
 * A tensor on the GPU whose elements are not set yet: for the outputs of {@link runShader}.
 *
 * @param shape - the shape
 * @param dtype - float32 (default) or int32
 * @returns the tensor, subject to `tf.tidy`
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function uninitializedGpuTensor(shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.Tensor {
  return gpuBackend('uninitializedGpuTensor').uninitialized(shape, dtype)
}
