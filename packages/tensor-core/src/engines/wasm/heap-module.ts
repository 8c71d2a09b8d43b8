import { tf } from '../../tf.js'
import { heapIsShared, heapMemory, takeHeapBytes, withHeapBytes } from './heap.js'
import { poolOf } from './threads/pool-of.js'
import { shareMemory } from './threads/share-memory.js'

/** Parts a thread, so that one that is held up leaves its parts to the others. */
const partsOfThread = 4

/** Work on a row of independent items, such as rows of a matrix, of which any run can be a call of its own. */
export interface ItemWork {
  /** How many items there are. */
  items: number
  /** Fewest items that are worth a thread's while, some 20 µs of work. */
  grain: number
  /**
   * Items that belong together, default 1: parts start at its multiples. Where they start must not change a result:
   * any number of threads gives the same bits.
   */
  together?: number
  /** Bytes of working memory of a call, whose address becomes its last argument; default 0, no such argument. */
  scratchBytes?: number
  /** The arguments for `count` items from number `first` on. */
  argumentsFor(first: number, count: number): number[]
}

/** A module on the memory of one backend. */
interface Loaded<Exports> {
  exports: Exports
  /** Its bytes, for threads to load. */
  bytes: Uint8Array
  /** Where they lie on the heap once a thread has needed them. */
  at: number | null
}

/**
 * A WebAssembly module of ours that works on the memory of TensorFlow.js's wasm backend. It is compiled at its first
 * use, synchronously: a module of some ten kB takes milliseconds, and browsers allow it on the main thread (Chrome up
 * to 8 MB, formerly 4 kB).
 */
export class HeapModule<Exports> {
  readonly #base64: readonly string[]
  readonly #loaded = new WeakMap<object, Loaded<Exports>>()

  /**
   * @param base64 - the module, or several of the same exports, of which the first runs that the engine can compile;
   * each imports its memory as `env.memory` with a maximum of 65,536 pages and imports nothing else, has no data of its
   * own and allocates nothing
   */
  constructor(...base64: [string, ...string[]]) {
    this.#base64 = base64
  }

  /**
   * The module's functions on the memory of the active wasm backend; each backend has its own instance, which goes with
   * it.
   *
   * @returns the exports
   */
  exports(): Exports {
    return this.#load().exports
  }

  /**
   * Calls an export for many items, shared out among the engine's threads where there are several and the work is worth
   * it; else in one call on this thread.
   *
   * @param name - the export
   * @param work - the items
   * @throws SwatError `thread-failed` when the function fails on a thread
   */
  run(name: keyof Exports & string, work: ItemWork): void {
    const { items, grain, together = 1, scratchBytes = 0, argumentsFor } = work
    const pool = poolOf(tf.backend()) ?? null
    const parts = pool === null ? 1 : Math.min(Math.floor(items / grain), partsOfThread * pool.threads)
    const threads = pool === null || !(parts >= 2) ? 1 : pool.threads
    const stride = Math.ceil(scratchBytes / 64) * 64
    const call = this.exports()[name] as (...given: number[]) => void
    const run = (scratchAt: number) => {
      if (pool === null || threads === 1) {
        call(...argumentsFor(0, items), ...(scratchBytes > 0 ? [scratchAt] : []))
        return
      }
      const size = Math.ceil(items / parts / together) * together
      const given: number[][] = []
      for (let first = 0; first < items; first += size) given.push(argumentsFor(first, Math.min(size, items - first)))
      pool.run({ name, call, parts: given, scratchAt, scratchBytes: stride, ...this.#onHeap(name) })
    }
    if (scratchBytes > 0) withHeapBytes(stride * threads, run)
    else run(0)
  }

  #load(): Loaded<Exports> {
    const backend = tf.backend()
    const known = this.#loaded.get(backend)
    if (known) return known
    const modules = this.#base64.map((base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      return heapIsShared() ? shareMemory(bytes) : bytes
    })
    const bytes = modules.find((each) => WebAssembly.validate(each)) ?? modules[0]
    const imports = { env: { memory: heapMemory() } }
    const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Exports
    const loaded = { exports, bytes, at: null }
    this.#loaded.set(backend, loaded)
    return loaded
  }

  #onHeap(name: string): { moduleAt: number; moduleBytes: number; exported: number } {
    const loaded = this.#load()
    if (loaded.at === null) {
      loaded.at = takeHeapBytes(loaded.bytes.length)
      new Uint8Array(heapMemory().buffer).set(loaded.bytes, loaded.at)
    }
    const exported = Object.keys(loaded.exports as object).indexOf(name)
    return { moduleAt: loaded.at, moduleBytes: loaded.bytes.length, exported }
  }
}
