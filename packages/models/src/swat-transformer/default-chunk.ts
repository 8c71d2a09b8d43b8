import { tf } from '@swat-js/tensor-core'

/**
 * How many tokens of a long text are read at once on the active engine. A GPU is busy with a long chunk only; elsewhere
 * a short one has its numbers in the processor's caches.
 */
export function defaultChunk(): number {
  return tf.getBackend() === 'webgpu' ? 2048 : 256
}
