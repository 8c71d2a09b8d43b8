import { gpuBackend } from './active-backend.js'

/** What {@link timeShaders} measured. */
export interface ShaderTimes {
  /** `gpu`: time stamps of the GPU around each dispatch; `wall`: one figure from start to end, waiting included. */
  clock: 'gpu' | 'wall'
  /** The sum in milliseconds. */
  milliseconds: number
  /** Each dispatch in order; by the wall clock a single entry `everything`. */
  shaders: {
    /** Label of the shader, TensorFlow.js's own named for their class. */
    label: string
    /** Its time in milliseconds. */
    milliseconds: number
  }[]
}

/**
 * Measures the GPU work that a function starts: with the GPU's time stamps where the device has them
 * (`timestamp-query`), by the wall clock where not. Run the work once or twice before, so that shaders are compiled and
 * buffers allocated.
 *
 * @param run - starts the work; what it reads with `await tensor.data()` is measured too
 * @returns the times
 * @throws SwatError `engine-unavailable` when another engine is active, `gpu` when something goes wrong on the device
 */
export async function timeShaders(run: () => unknown): Promise<ShaderTimes> {
  const backend = gpuBackend('timeShaders')
  if (backend.about.features.has('timestamp-query')) {
    const shaders = await backend.timed(async () => void (await run()))
    return { clock: 'gpu', milliseconds: shaders.reduce((sum, shader) => sum + shader.milliseconds, 0), shaders }
  }
  await backend.finished()
  const start = performance.now()
  await run()
  await backend.finished()
  const milliseconds = performance.now() - start
  return { clock: 'wall', milliseconds, shaders: [{ label: 'everything', milliseconds }] }
}
