import { tf } from '../tf.js'
import { isGpuBackend } from './webgpu/active-backend.js'

/** What an address of WebAssembly memory can reach. */
const largestHeap = 2 ** 32

/**
 * Whether the engine in use could hold so many bytes more. On webgpu they are taken for a moment and given back, as no
 * GPU tells how much it has; on wasm they are compared with what an address can reach.
 *
 * @param bytes - how much, beside the tensors that there are
 * @returns false where it would fail for certain
 */
export async function hasMemory(bytes: number): Promise<boolean> {
  const backend = tf.backend()
  if (isGpuBackend(backend)) return backend.hasMemory(bytes)
  return tf.getBackend() !== 'wasm' || bytes <= largestHeap - tf.memory().numBytes
}
