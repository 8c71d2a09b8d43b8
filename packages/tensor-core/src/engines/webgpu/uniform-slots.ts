/** Bytes of uniforms that a shader may bind on every device. */
export const mostUniformBytes = 2 ** 16

/**
 * The uniforms of the dispatches that have been recorded and not submitted yet, in one buffer, so that their bind
 * groups can be the same every time and one write serves them all.
 */
export class UniformSlots {
  /** Where the GPU finds them. */
  readonly buffer: GPUBuffer
  readonly #queue: GPUQueue
  readonly #alignment: number
  readonly #bytes: Uint8Array<ArrayBuffer>
  #used = 0

  /**
   * @param device - of the buffer
   * @param size - bytes of the buffer, at least {@link mostUniformBytes} where any uniforms must fit
   */
  constructor(device: GPUDevice, size = 4 * mostUniformBytes) {
    this.#queue = device.queue
    this.#alignment = device.limits.minUniformBufferOffsetAlignment
    this.#bytes = new Uint8Array(size)
    this.buffer = device.createBuffer({
      label: 'uniforms',
      size,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    })
  }

  /**
   * Keeps uniforms for one dispatch.
   *
   * @param uniforms - their bytes
   * @returns where they lie in the buffer and how much of it to bind, in bytes; null when there is no room before the
   * next {@link write}
   */
  place(uniforms: ArrayBuffer | ArrayBufferView): { offset: number; size: number } | null {
    const bytes = ArrayBuffer.isView(uniforms)
      ? new Uint8Array(uniforms.buffer, uniforms.byteOffset, uniforms.byteLength)
      : new Uint8Array(uniforms)
    const [offset, size] = [this.#used, Math.max(16, roundUp(bytes.length, 16))]
    if (offset + size > this.#bytes.length) return null
    this.#bytes.fill(0, offset + bytes.length, offset + size)
    this.#bytes.set(bytes, offset)
    this.#used = roundUp(offset + size, this.#alignment)
    return { offset, size }
  }

  /** Gives them to the GPU; to be called when the dispatches are about to be submitted. Their places are free then. */
  write(): void {
    if (this.#used === 0) return
    this.#queue.writeBuffer(this.buffer, 0, this.#bytes, 0, Math.min(this.#used, this.#bytes.length))
    this.#used = 0
  }
}

function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit
}
