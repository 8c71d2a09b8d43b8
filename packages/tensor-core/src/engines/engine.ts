/** The backends this project has words for. */
export type BackendName = 'webgpu' | 'tensorflow' | 'wasm' | 'cpu'

/** A backend that was considered and not taken. */
export interface Refusal {
  /** The backend that was not taken. */
  backend: BackendName
  /** Why, in a sentence that says what would change it. */
  reason: string
}

/** What a backend's folder tells about itself once it runs. */
export interface EngineDescription {
  /** What computes, in words, for example the number of threads. */
  device: string
  /** What the device can do beyond plain float32, for example `simd`. */
  features: string[]
  /** Limits in numbers, for example `maxMemoryBytes`. */
  limits: Record<string, number>
}

/** The selected engine: TensorFlow.js runs on it from now on. */
export interface Engine extends EngineDescription {
  /** The backend in use. */
  backend: BackendName
  /** Backends that were considered first, with the reason each was not taken. */
  refused: Refusal[]
}

/** What `engines/<backend>/engine.ts` exports: how to start one backend. */
export interface EngineLoader {
  /** The backend it starts. */
  readonly backend: BackendName
  /**
   * Loads and selects the backend in TensorFlow.js; rejects with the reason when that fails. Without `allowSoftware` a
   * program that plays a GPU is a reason. `wasmPath`: where the binaries of the wasm backend are served; `threads`: how
   * many compute on it.
   */
  start(options: { allowSoftware: boolean; wasmPath?: string; threads?: number }): Promise<EngineDescription>
}
