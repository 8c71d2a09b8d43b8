import { heapMemory, tf } from '@swat-js/tensor-core'

/** What a piece of work took while it ran. */
export interface PeakMemory {
  /**
   * The most bytes in use at one time beyond those in use at the start: tensors, and on wasm also whatever kernels take
   * of the heap for themselves, on webgpu also buffers that wait to be reused.
   */
  peakBytes: number
  /** Bytes by which WebAssembly memory grew; null on other backends. */
  heapGrowthBytes: number | null
}

/** What {@link peakMemory} returns. */
export interface Watched<Result> {
  /** What the work returned. */
  result: Awaited<Result>
  /** What it took. */
  memory: PeakMemory
}

/**
 * Measures how much memory a piece of work takes at most. Slows the work down a little: do not time it.
 *
 * @param run - the work; nothing else may use TensorFlow.js meanwhile
 * @returns what `run` returns, and the memory it took
 */
export async function peakMemory<Result>(run: () => Result | Promise<Result>): Promise<Watched<Result>> {
  const meters = [tensorMeter(), heapMeter(), gpuMeter()].flatMap((meter) => (meter === null ? [] : [meter]))
  const heapBefore = heapBytes()
  try {
    const result = await run()
    const peakBytes = Math.max(...meters.map((meter) => meter.peakBytes()))
    const heapAfter = heapBytes()
    const heapGrowthBytes = heapBefore === null || heapAfter === null ? null : heapAfter - heapBefore
    return { result, memory: { peakBytes, heapGrowthBytes } }
  } finally {
    for (const meter of meters.reverse()) meter.stop()
  }
}

interface Meter {
  peakBytes(): number
  stop(): void
}

/** What TensorFlow.js's engine has and its type hides. */
interface EngineInternals {
  state: { tensorInfo: WeakMap<object, { bytes: number }> }
  trackTensor(tensor: tf.TensorInfo, backend: unknown): void
  removeDataId(dataId: object, backend: unknown): void
}

/** Counts the data of tensors once, however many tensors share it (`tf.memory()` counts each clone again). */
function tensorMeter(): Meter {
  const engine = tf.engine() as unknown as EngineInternals
  const { trackTensor, removeDataId } = engine
  let [bytes, peak] = [0, 0]
  engine.trackTensor = (tensor, backend) => {
    const isNew = !engine.state.tensorInfo.has(tensor.dataId)
    trackTensor.call(engine, tensor, backend)
    if (!isNew) return
    const size = engine.state.tensorInfo.get(tensor.dataId)?.bytes ?? 0
    bytes += size
    peak = Math.max(peak, bytes)
  }
  engine.removeDataId = (dataId, backend) => {
    bytes -= engine.state.tensorInfo.get(dataId)?.bytes ?? 0
    removeDataId.call(engine, dataId, backend)
  }
  return {
    peakBytes: () => peak,
    stop: () => Object.assign(engine, { trackTensor, removeDataId }),
  }
}

interface Heap {
  _malloc(bytes: number): number
  _free(pointer: number): void
}

/** Counts what JavaScript takes of the WebAssembly heap: tensors and the working memory of our kernels. */
function heapMeter(): Meter | null {
  if (tf.getBackend() !== 'wasm') return null
  const backend = tf.backend() as unknown as { wasm: Heap; disposeData(dataId: object, force?: boolean): boolean }
  const { tensorInfo } = (tf.engine() as unknown as EngineInternals).state
  const heap = backend.wasm
  heap._free(heap._malloc(16)) // Emscripten puts the functions in place of stubs at the first call of each
  const { _malloc: take, _free: giveBack } = heap
  const { disposeData } = backend
  const taken = new Map<number, number>()
  let removing = 0 // bytes of the tensor that goes: of one that was there before, the heap does not know them
  let [bytes, peak] = [0, 0]
  heap._malloc = (size) => {
    const pointer = take(size)
    taken.set(pointer >>> 0, size)
    bytes += size
    peak = Math.max(peak, bytes)
    return pointer
  }
  heap._free = (pointer) => {
    giveBack(pointer)
    bytes -= taken.get(pointer >>> 0) ?? removing
    taken.delete(pointer >>> 0)
  }
  backend.disposeData = (dataId, force) => {
    removing = tensorInfo.get(dataId)?.bytes ?? 0
    try {
      return disposeData.call(backend, dataId, force)
    } finally {
      removing = 0
    }
  }
  return {
    peakBytes: () => peak,
    stop() {
      Object.assign(heap, { _malloc: take, _free: giveBack })
      Object.assign(backend, { disposeData })
    },
  }
}

interface GpuBackend {
  bufferManager: { numBytesUsed: number; acquireBuffer(...args: unknown[]): unknown }
  submitQueue(): void
}

/** Counts GPU buffers in use, also those of disposed tensors that wait for the next submission. */
function gpuMeter(): Meter | null {
  if (tf.getBackend() !== 'webgpu') return null
  const backend = tf.backend() as unknown as GpuBackend
  backend.submitQueue() // what was disposed before is given back only now
  const manager = backend.bufferManager
  const { acquireBuffer } = manager
  const before = manager.numBytesUsed
  let peak = 0
  manager.acquireBuffer = (...args) => {
    const buffer = acquireBuffer.apply(manager, args)
    peak = Math.max(peak, manager.numBytesUsed - before)
    return buffer
  }
  return {
    peakBytes: () => peak,
    stop: () => Object.assign(manager, { acquireBuffer }),
  }
}

function heapBytes(): number | null {
  return tf.getBackend() === 'wasm' ? heapMemory().buffer.byteLength : null
}
