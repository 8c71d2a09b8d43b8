// What runs in the page; the tests call it by `page.evaluate`.
import { swatAttention, type SwatAttentionOptions } from '@swat-js/swat-attention'
import type { KernelUnderTest } from '@swat-js/swat-attention/testing'
import { initializeParameters, presetConfig, trainingStep, type TrainingSettings } from '@swat-js/models'
import {
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  type Engine,
  flattenParameters,
  type KernelChoice,
  SwatError,
  tf,
  useEngine,
} from '@swat-js/tensor-core'
import { suites } from './suites.js'

/** Runs one conformance case; tells why the kernel declined it, if it did. */
async function check(request: { op: string; index: number; on: KernelUnderTest }): Promise<{ refusal: string | null }> {
  const suite = suites.find(({ op }) => op === request.op)
  if (!suite) throw new Error(`the page has no suite for ${request.op}`)
  try {
    await suite.check(request.index, request.on)
    return { refusal: null }
  } catch (error) {
    if (error instanceof SwatError && error.code === 'kernel-refused') return { refusal: error.message }
    throw error
  }
}

/** What a call of attention gave. */
interface Attended {
  engine: Engine
  choice: KernelChoice | undefined
  output: number[]
}

/** Calls attention as a user does, no kernel named, and tells which kernel ran. */
async function attend(options: { backend: 'auto' | 'cpu' | 'wasm' | 'webgpu'; threads?: number }): Promise<Attended> {
  const engine = await useEngine(options)
  let choice: KernelChoice | undefined
  const kernels: SwatAttentionOptions['kernels'] = { onChoice: (made) => (choice = made) }
  const tensor = tf.tidy(() => {
    const [queries, keys, values] = [1, 2, 3].map((seed) => {
      const data = Float32Array.from({ length: 100 * 2 * 8 }, (_, i) => Math.sin(seed + 1.7 * seed * i))
      return tf.tensor4d(data, [1, 100, 2, 8])
    })
    return swatAttention(queries, keys, values, { window: 16, slopes: [-0.5, 0.5], kernels })
  })
  const output = Array.from(await tensor.data())
  tensor.dispose()
  return { engine, choice, output }
}

/** Two training steps of a small model on the wasm engine: losses, and every bit of the parameters. */
async function trainingBits({ threads }: { threads: number }): Promise<string> {
  await useEngine({ backend: 'wasm', threads })
  const config = presetConfig('nano')
  const settings: TrainingSettings = { optimizer: adamW({}), schedule: constantSchedule(1e-2), clip: 1 }
  const [batchSize, length] = [8, 128]
  const inputs = Int32Array.from({ length: batchSize * length }, (_, i) => (i * i) % 251)
  const labels = inputs.map((_, i) => inputs[(i + 1) % inputs.length])
  const parameters = initializeParameters(config, createRandom(1))
  let state = { step: 0, parameters, optimizer: settings.optimizer.init(parameters) }
  const losses: number[] = []
  for (let step = 0; step < 2; step++) {
    const result = await trainingStep(state, config, [{ inputs, labels, batchSize, length }], settings)
    losses.push(result.loss)
    state = result.state
  }
  const bits = [...flattenParameters(state.parameters)].map(([name, tensor]) => {
    const words = new Uint32Array((tensor.dataSync() as Float32Array).buffer)
    return `${name} ${words.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193) >>> 0, 0x811c9dc5)}`
  })
  for (const each of [state.parameters, state.optimizer.firstMoments, state.optimizer.secondMoments]) {
    disposeParameters(each)
  }
  return [...losses, ...bits].join('\n')
}

/** What the tests find in the page. */
export interface SwatPage {
  check: typeof check
  attend: typeof attend
  trainingBits: typeof trainingBits
}

Object.assign(globalThis, { swat: { check, attend, trainingBits } satisfies SwatPage })
