import { gpuBackend } from './active-backend.js'

/**
 * Waits until the GPU has done all work that was given to it.
 *
 * @throws SwatError `gpu` when something went wrong on the device: an invalid shader, too little memory, a lost device
 */
export async function gpuReady(): Promise<void> {
  await gpuBackend('gpuReady').finished()
}
