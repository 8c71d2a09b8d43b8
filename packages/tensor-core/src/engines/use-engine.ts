import { SwatError } from '../swat-error.js'
import type { BackendName, Engine, Refusal } from './engine.js'
import { engines } from './index.js'
import { threadCount } from './wasm/threads/thread-count.js'

/** The order in which `auto` tries: fastest first. */
const preference: readonly BackendName[] = ['webgpu', 'tensorflow', 'wasm', 'cpu']

/**
 * Loads one backend, selects it in TensorFlow.js and describes it.
 *
 * @param options - `backend`: which one; `auto` (default) takes the first that starts of webgpu, tensorflow, wasm, cpu.
 * A software GPU is taken only where `webgpu` is asked for by name. `wasmPath`: in browsers, the folder on the server
 * with the `.wasm` files of `@tensorflow/tfjs-backend-wasm`, with a slash at its end; left out, they are looked for
 * where Vite and webpack put them and beside the page. It counts when the wasm engine starts for the first time.
 * `threads`: how many threads compute on the wasm engine, 1 to 64; left out, those that it has, at first as many as the
 * machine runs at once, 16 at most, and one on pages that are not cross-origin isolated. Results are the same to the
 * last bit for any number. An engine that was started with one thread keeps to it
 * @returns the engine, with every backend that `auto` passed over and the reason
 * @throws SwatError `engine-unavailable` when the backend is unknown, not part of this version, or does not start, or
 * when the threads that were asked for cannot be had
 */
export async function useEngine(
  options: { backend?: BackendName | 'auto'; wasmPath?: string; threads?: number } = {},
): Promise<Engine> {
  const { backend = 'auto', wasmPath, threads } = options
  if (threads !== undefined) {
    threadCount(threads)
    if (backend !== 'wasm' && backend !== 'auto') {
      throw new SwatError(
        'engine-unavailable',
        `useEngine: threads are for the wasm engine, but backend is '${backend}'. Leave threads out, or take 'wasm'.`,
      )
    }
  }
  if (backend !== 'auto')
    return { backend, refused: [], ...(await start(backend, { allowSoftware: true, wasmPath, threads })) }
  const refused: Refusal[] = []
  for (const candidate of preference) {
    try {
      return { backend: candidate, refused, ...(await start(candidate, { allowSoftware: false, wasmPath, threads })) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      refused.push({ backend: candidate, reason: reason.replace(/^useEngine: /, '') })
    }
  }
  const reasons = refused.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ')
  throw new SwatError('engine-unavailable', `useEngine: no backend started. ${reasons}`)
}

async function start(backend: BackendName, options: Parameters<(typeof engines)[number]['start']>[0]) {
  const loader = engines.find((engine) => engine.backend === backend)
  if (!loader) {
    const available = engines.map((engine) => `'${engine.backend}'`).join(', ')
    throw new SwatError(
      'engine-unavailable',
      `useEngine: backend '${backend}' is not part of this version. Choose 'auto' or one of ${available}.`,
    )
  }
  return loader.start(options)
}
