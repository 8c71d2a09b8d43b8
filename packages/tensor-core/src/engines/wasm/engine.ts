import { SwatError } from '../../swat-error.js'
import { tf } from '../../tf.js'
import type { EngineLoader } from '../engine.js'
import { findBinaries } from './find-binaries.js'
import { heapIsShared, heapMemory } from './heap.js'
import { mendIdentity } from './mend-identity.js'
import { poolOf, setPool } from './threads/pool-of.js'
import { shareMemory } from './threads/share-memory.js'
import { threadCount } from './threads/thread-count.js'
import { ThreadPool } from './threads/thread-pool.js'

/** WebAssembly with SIMD and threads: installs everywhere, needs nothing but Node or a browser. */
export const engine: EngineLoader = {
  backend: 'wasm',
  async start({ wasmPath, threads: asked }) {
    const wanted = threadCount(asked)
    await startBackend(wasmPath, wanted > 1)
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')
    const threads = simd ? await startThreads(asked, wanted) : 1
    return {
      device: `WebAssembly${simd ? ' SIMD' : ''}, ${threads} thread${threads === 1 ? '' : 's'}`,
      features: simd ? ['simd'] : [],
      limits: { maxMemoryBytes: 2 ** 32 },
    }
  },
}

/** Starts TensorFlow.js's backend, on memory that threads can share or not; one that runs already keeps its memory. */
async function startBackend(wasmPath: string | undefined, shared: boolean): Promise<void> {
  const inBrowser = tf.env().getBool('IS_BROWSER')
  if (!tf.engine().registryFactory.wasm) {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
    const binaries = wasmPath ?? (inBrowser ? await findBinaries() : null)
    if (binaries) setWasmPaths(binaries)
  }
  mendIdentity()
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) // its own threads work in browsers only, and on few ops
  const restoreListeners = rememberProcessListeners()
  const restoreInstantiate = shared ? shareMemoryOfNewModules() : () => {}
  let started: boolean
  try {
    started = await tf.setBackend('wasm')
  } finally {
    restoreInstantiate()
    restoreListeners()
  }
  if (!started) {
    throw new SwatError(
      'engine-unavailable',
      `useEngine: the WebAssembly backend of TensorFlow.js did not start.${inBrowser ? wayOutInBrowsers : ''}`,
    )
  }
}

/** Gives the backend as many threads as are wanted; when none were asked for, those that it has. */
async function startThreads(asked: number | undefined, wanted: number): Promise<number> {
  const backend = tf.backend()
  const pool = poolOf(backend)
  if (asked === undefined && (pool !== undefined || !heapIsShared())) return pool?.threads ?? 1
  if (pool !== undefined && wanted === (pool?.threads ?? 1)) return wanted
  if (wanted > 1 && !heapIsShared()) {
    throw new SwatError(
      'engine-unavailable',
      `useEngine: ${wanted} threads were asked for, but the wasm engine runs already with one, and its memory cannot be ` +
        'shared any more. Ask for threads when it starts for the first time.',
    )
  }
  setPool(backend, wanted === 1 ? null : await ThreadPool.start(heapMemory(), wanted))
  if (pool === undefined) endPoolWith(backend)
  return wanted
}

/** Ends the threads of a backend when it is disposed. */
function endPoolWith(backend: tf.KernelBackend): void {
  const dispose = backend.dispose.bind(backend)
  backend.dispose = () => {
    setPool(backend, null)
    dispose()
  }
}

const wayOutInBrowsers =
  ' Does the server have its binaries? Copy node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm into a folder that is' +
  " served and name it: useEngine({ backend: 'wasm', wasmPath: '/that/folder/' })."

/**
 * TensorFlow.js takes no memory from outside, and its build with threads does not start in Node. So its build for one
 * thread is made one on shared memory while it is loaded. Returns a function that leaves later modules as they are.
 */
function shareMemoryOfNewModules(): () => void {
  const { instantiate, instantiateStreaming } = WebAssembly
  const shared = (bytes: BufferSource, imports?: WebAssembly.Imports) =>
    instantiate(shareMemory(ArrayBuffer.isView(bytes) ? toBytes(bytes) : new Uint8Array(bytes)), imports)
  const streamed = async (response: Response | PromiseLike<Response>, imports?: WebAssembly.Imports) =>
    shared(await (await response).arrayBuffer(), imports)
  Object.assign(WebAssembly, { instantiate: shared, instantiateStreaming: streamed })
  return () => Object.assign(WebAssembly, { instantiate, instantiateStreaming })
}

function toBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/**
 * Emscripten's start-up code adds process-wide listeners that rethrow every uncaught error and rejection and print the
 * whole module source with it. Returns a function that removes what was added since.
 */
function rememberProcessListeners(): () => void {
  const process = globalThis.process
  if (typeof process?.listeners !== 'function') return () => {}
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => process.listeners(event as 'uncaughtException'))
  return () => {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[i].includes(listener)) process.removeListener(event, listener)
      }
    })
  }
}
