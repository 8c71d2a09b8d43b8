import { SwatError } from '../swat-error.js'
import type { BackendName, Engine, Refusal } from './engine.js'
import { engines } from './index.js'

/** The order in which `auto` tries: fastest first. */
const preference: readonly BackendName[] = ['webgpu', 'tensorflow', 'wasm', 'cpu']

/**
 * Loads one backend, selects it in TensorFlow.js and describes it.
 *
 * @param options - `backend`: which one; `auto` (default) takes the first that starts of webgpu, tensorflow, wasm, cpu
 * @returns the engine, with every backend that `auto` passed over and the reason
 * @throws SwatError `engine-unavailable` when the backend is unknown, not part of this version, or does not start
 */
export async function useEngine(options: { backend?: BackendName | 'auto' } = {}): Promise<Engine> {
  const backend = options.backend ?? 'auto'
  if (backend !== 'auto') return { backend, refused: [], ...(await start(backend)) }
  const refused: Refusal[] = []
  for (const candidate of preference) {
    try {
      return { backend: candidate, refused, ...(await start(candidate)) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      refused.push({ backend: candidate, reason: reason.replace(/^useEngine: /, '') })
    }
  }
  const reasons = refused.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ')
  throw new SwatError('engine-unavailable', `useEngine: no backend started. ${reasons}`)
}

async function start(backend: BackendName) {
  const loader = engines.find((engine) => engine.backend === backend)
  if (!loader) {
    const available = engines.map((engine) => `'${engine.backend}'`).join(', ')
    throw new SwatError(
      'engine-unavailable',
      `useEngine: backend '${backend}' is not part of this version. Choose 'auto' or one of ${available}.`,
    )
  }
  return loader.start()
}
