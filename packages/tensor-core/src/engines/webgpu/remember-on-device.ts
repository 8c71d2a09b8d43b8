import { gpuBackend } from './active-backend.js'

/**
 * Makes something once for a device, for example the text of a shader, which is worth more than a dispatch takes.
 * Tensors in it (in plain objects and arrays) are disposed of when another device takes the place of this one.
 *
 * @param key - everything that `make` depends on besides the device
 * @param make - makes it; must always make the same for one key and device
 * @returns what `make` returned for this key the first time on the active device
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function rememberOnDevice<T>(key: string, make: () => T): T {
  return gpuBackend('rememberOnDevice').remember(key, make)
}
