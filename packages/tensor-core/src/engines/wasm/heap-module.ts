import { tf } from '../../tf.js'
import { heapMemory } from './heap.js'

/**
 * A WebAssembly module of ours that works on the memory of TensorFlow.js's wasm backend. It is compiled at its first
 * use, synchronously: a module of some ten kB takes milliseconds, and browsers allow it on the main thread (Chrome up
 * to 8 MB, formerly 4 kB).
 */
export class HeapModule<Exports> {
  readonly #base64: readonly string[]
  readonly #instances = new WeakMap<object, Exports>()

  /**
   * @param base64 - the module, or several of the same exports, of which the first runs that the engine can compile;
   * each imports its memory as `env.memory`, has no data of its own and allocates nothing
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
    const backend = tf.backend()
    const known = this.#instances.get(backend)
    if (known) return known
    const modules = this.#base64.map((base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
    const module = modules.find((bytes) => WebAssembly.validate(bytes)) ?? modules[0]
    const imports = { env: { memory: heapMemory() } }
    const exports = new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports as Exports
    this.#instances.set(backend, exports)
    return exports
  }
}
