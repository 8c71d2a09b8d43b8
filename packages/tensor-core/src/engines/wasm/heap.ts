import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { tf } from '../../tf.js'

/**
 * A float32 tensor's numbers where they lie in WebAssembly memory, without a copy. The one file that touches the
 * backend's internals. A view ends when memory grows: take it after the last allocation, use it at once.
 *
 * @param tensor - a float32 tensor on the wasm backend
 * @returns its elements; writing to them is only safe in a tensor that nothing has multiplied with yet, as the backend
 * keeps a packed copy of right-hand operands
 */
export function heapView({ dataId, shape, dtype }: tf.Tensor): Float32Array {
  return (tf.backend() as BackendWasm).typedArrayFromHeap({ dataId, shape, dtype }) as Float32Array
}

/**
 * A float32 tensor whose elements are not set yet; fill {@link heapView} of it.
 *
 * @param shape - the shape
 * @returns the tensor, subject to `tf.tidy`
 */
export function uninitializedTensor(shape: number[]): tf.Tensor {
  const backend = tf.backend() as BackendWasm
  return tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32'), backend)
}

/**
 * Where a tensor's numbers lie in WebAssembly memory; stays true as long as the tensor lives, also when memory grows.
 *
 * @param tensor - a tensor on the wasm backend
 * @returns the address in bytes
 */
export function heapPointer({ dataId }: tf.Tensor): number {
  return (tf.backend() as BackendWasm).dataIdMap.get(dataId).memoryOffset >>> 0
}

/**
 * Lends bytes of WebAssembly memory. Memory may grow when they are taken; views taken before are then detached.
 *
 * @param bytes - how many
 * @param use - gets their address, a multiple of 16
 * @returns what `use` returns
 */
export function withHeapBytes<Result>(bytes: number, use: (pointer: number) => Result): Result {
  const pointer = takeHeapBytes(bytes + 16)
  try {
    return use(Math.ceil(pointer / 16) * 16)
  } finally {
    internals()._free(pointer)
  }
}

/**
 * Takes bytes of WebAssembly memory for as long as the backend lives.
 *
 * @param bytes - how many
 * @returns their address
 */
export function takeHeapBytes(bytes: number): number {
  const pointer = internals()._malloc(bytes) >>> 0
  if (pointer === 0) throw new RangeError(`WebAssembly memory is full: ${bytes} bytes could not be taken.`)
  return pointer
}

/**
 * The memory of the wasm backend.
 *
 * @returns the memory; its `buffer` changes when it grows
 */
export function heapMemory(): WebAssembly.Memory {
  const { asm, wasmMemory } = internals()
  return wasmMemory ?? asm.memory
}

/**
 * Whether the wasm backend shares its memory with threads. Some functions of browsers refuse views of shared memory:
 * give them a copy, as `dataSync` does.
 *
 * @returns true when shared
 */
export function heapIsShared(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && heapMemory().buffer instanceof SharedArrayBuffer
}

/** What the backend's Emscripten module has and its type does not list. */
interface Internals {
  asm: { memory: WebAssembly.Memory }
  /** Only where it is shared with threads. */
  wasmMemory?: WebAssembly.Memory
  _malloc(bytes: number): number
  _free(pointer: number): void
}

function internals(): Internals {
  return (tf.backend() as BackendWasm).wasm as unknown as Internals
}
