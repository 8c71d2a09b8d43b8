/** What the buffer manager of TensorFlow.js has and its type partly keeps private. */
interface BufferManager {
  /** By size and usage; the last of a list is taken first. */
  freeBuffers: Map<string, GPUBuffer[]>
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void
}

/**
 * Makes the pool give out, of the free buffers of a size, always the one that came first to it. Which tensor gets which
 * buffer then depends on what is free, and not on the order in which it became so: every step of a loop finds the same
 * buffers, and so the bind groups of the step before.
 *
 * @param bufferManager - of TensorFlow.js's backend
 */
export function steadyBuffers(bufferManager: object): void {
  const manager = bufferManager as BufferManager
  const release = manager.releaseBuffer.bind(manager)
  const arrivals = new WeakMap<GPUBuffer, number>()
  let arrived = 0
  const arrivalOf = (buffer: GPUBuffer) => {
    const known = arrivals.get(buffer)
    if (known !== undefined) return known
    arrivals.set(buffer, arrived)
    return arrived++
  }
  manager.releaseBuffer = (buffer, reuse = true) => {
    release(buffer, reuse)
    const free = reuse ? manager.freeBuffers.get(`${buffer.size}_${buffer.usage}`) : undefined
    if (!free) return
    const arrival = arrivalOf(buffer)
    let i = free.length - 1 // where it has been put
    for (; i > 0 && arrivalOf(free[i - 1]) < arrival; i--) free[i] = free[i - 1]
    free[i] = buffer
  }
}
