import { SwatError } from '../../swat-error.js'
import { tf } from '../../tf.js'
import type { GpuBackend } from './gpu-backend.js'

/**
 * The webgpu engine's backend while it is the active one.
 *
 * @param caller - who asks, for the message
 * @returns the backend
 * @throws SwatError `engine-unavailable` when another backend is active
 */
export function gpuBackend(caller: string): GpuBackend {
  const backend = tf.backend()
  if (isGpuBackend(backend)) return backend
  throw new SwatError(
    'engine-unavailable',
    `${caller}: the webgpu engine must be active, but '${tf.getBackend()}' is. ` +
      "Call `await useEngine({ backend: 'webgpu' })` first.",
  )
}

/** Whether a backend is ours; told by a field, as its class is loaded only with the engine. */
export function isGpuBackend(backend: tf.KernelBackend | null): backend is GpuBackend {
  return backend !== null && 'about' in backend
}
