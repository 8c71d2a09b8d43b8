import { tf } from '../tf.js'
import { heapMemory } from './wasm/heap.js'
import { isGpuBackend } from './webgpu/active-backend.js'

const largestHeap = 2 ** 32

/**
 * Whether the engine in use could hold so many bytes more. On webgpu they are taken for a moment and given back, as no
 * GPU tells how much it has; on wasm they are compared with what an address can reach.
 *
 * @param bytes - how much, beside what is held already
 * @returns false where it would fail for certain
 */
export async function hasMemory(bytes: number): Promise<boolean> {
  const backend = tf.backend()
  if (isGpuBackend(backend)) return backend.hasMemory(bytes)
  if (tf.getBackend() === 'wasm') return bytes <= largestHeap - (heapMemory().buffer.byteLength - freeBytes())
  return true
}

/** The heap never shrinks: what tensors do not hold of it is taken as free. */
function freeBytes(): number {
  return Math.max(0, heapMemory().buffer.byteLength - tf.memory().numBytes)
}
