import { SwatError } from '../../swat-error.js'
import { tf } from '../../tf.js'
import type { EngineLoader } from '../engine.js'
import { findBinaries } from './find-binaries.js'
import { mendIdentity } from './mend-identity.js'

/** WebAssembly with SIMD: installs everywhere, needs nothing but Node or a browser. */
export const engine: EngineLoader = {
  backend: 'wasm',
  async start({ wasmPath }) {
    const inBrowser = tf.env().getBool('IS_BROWSER')
    if (!tf.engine().registryFactory.wasm) {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
      const binaries = wasmPath ?? (inBrowser ? await findBinaries() : null)
      if (binaries) setWasmPaths(binaries)
    }
    mendIdentity()
    const restoreListeners = rememberProcessListeners()
    const started = await tf.setBackend('wasm')
    restoreListeners()
    if (!started) {
      throw new SwatError(
        'engine-unavailable',
        `useEngine: the WebAssembly backend of TensorFlow.js did not start.${inBrowser ? wayOutInBrowsers : ''}`,
      )
    }
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')
    return {
      device: `WebAssembly${simd ? ' SIMD' : ''}, 1 thread`,
      features: simd ? ['simd'] : [],
      limits: { maxMemoryBytes: 2 ** 32 },
    }
  },
}

const wayOutInBrowsers =
  ' Does the server have its binaries? Copy node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm into a folder that is' +
  " served and name it: useEngine({ backend: 'wasm', wasmPath: '/that/folder/' })."

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
