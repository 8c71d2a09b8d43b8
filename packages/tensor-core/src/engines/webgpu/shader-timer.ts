/** Time stamps a query set holds at most, by the WebGPU specification. */
const capacity = 4096

interface Timed {
  label: string
  milliseconds: number
}

/** Measures dispatches with GPU time stamps: each gets a compute pass of its own, with a stamp at both ends. */
export class ShaderTimer {
  readonly #device: GPUDevice
  readonly #watched = new WeakSet<GPUCommandEncoder>()
  readonly #querySets: GPUQuerySet[] = []
  readonly #labels: string[] = []

  /**
   * @param device - with the feature timestamp-query
   */
  constructor(device: GPUDevice) {
    this.#device = device
  }

  /**
   * Adds stamps to the passes of an encoder.
   *
   * @param encoder - before its first pass
   * @param endPass - ends the running pass
   */
  watch(encoder: GPUCommandEncoder, endPass: () => void): void {
    if (this.#watched.has(encoder)) return
    this.#watched.add(encoder)
    const beginComputePass = encoder.beginComputePass.bind(encoder)
    encoder.beginComputePass = (descriptor) => {
      const pass = beginComputePass({ ...descriptor, timestampWrites: this.#nextStamps() })
      const setPipeline = pass.setPipeline.bind(pass)
      const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass)
      pass.setPipeline = (pipeline) => {
        this.#labels[this.#labels.length - 1] = pipeline.label
        setPipeline(pipeline)
      }
      pass.dispatchWorkgroups = (...counts) => {
        dispatchWorkgroups(...counts)
        endPass()
      }
      return pass
    }
  }

  /**
   * The times, once the passes have been submitted.
   *
   * @returns one entry a dispatch, in their order
   */
  async read(): Promise<Timed[]> {
    const stamps = await Promise.all(this.#querySets.map((querySet) => this.#stamps(querySet)))
    for (const querySet of this.#querySets) querySet.destroy()
    return this.#labels.map((label, i) => {
      const at = (2 * i) % capacity
      const set = stamps[Math.floor((2 * i) / capacity)]
      return { label, milliseconds: Number(set[at + 1] - set[at]) / 1e6 }
    })
  }

  #nextStamps(): GPUComputePassTimestampWrites {
    const at = (2 * this.#labels.length) % capacity
    if (at === 0) this.#querySets.push(this.#device.createQuerySet({ type: 'timestamp', count: capacity }))
    this.#labels.push('')
    const querySet = this.#querySets[this.#querySets.length - 1]
    return { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 }
  }

  async #stamps(querySet: GPUQuerySet): Promise<BigUint64Array> {
    const size = capacity * 8
    const resolved = this.#device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC })
    const readable = this.#device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ })
    const encoder = this.#device.createCommandEncoder()
    encoder.resolveQuerySet(querySet, 0, capacity, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, size)
    this.#device.queue.submit([encoder.finish()])
    await readable.mapAsync(GPUMapMode.READ)
    const stamps = new BigUint64Array(readable.getMappedRange().slice(0))
    resolved.destroy()
    readable.destroy()
    return stamps
  }
}
