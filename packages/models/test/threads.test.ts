// The wasm engine gives the same bits with any number of threads, so a run may go on with another number.
import {
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  flattenParameters,
  heapIsShared,
  nextTokenLabels,
  useEngine,
} from '@swat-js/tensor-core'
import { beforeAll, expect, it } from 'vitest'
import { resolveConfig, type SwatConfigInput } from '../src/config/swat-config.js'
import { initializeParameters } from '../src/parameters/initialize-parameters.js'
import { trainingStep, type TrainingSettings } from '../src/training/training-step.js'

const size = { vocabSize: 300, hiddenSize: 96, layers: 2, heads: 6, window: 40 } as const
const configs: Record<string, SwatConfigInput> = {
  'sigmoid, balanced slopes, rotary positions': { ...size, rope: {} },
  'softmax, shared key heads': { ...size, kvHeads: 3, activation: 'softmax' },
}

/** Losses, norms and every parameter after two steps. */
async function train(config: SwatConfigInput, threads: number) {
  await useEngine({ backend: 'wasm', threads })
  const resolved = resolveConfig(config)
  const settings: TrainingSettings = { optimizer: adamW({}), schedule: constantSchedule(1e-2), clip: 1 }
  const [batchSize, length] = [5, 131]
  const random = createRandom(3)
  const inputs = Int32Array.from({ length: batchSize * length }, () => random.integer(300))
  const batch = { inputs, labels: nextTokenLabels(inputs, batchSize, length), batchSize, length }
  const parameters = initializeParameters(resolved, createRandom(7))
  let state = { step: 0, parameters, optimizer: settings.optimizer.init(parameters) }
  const measured: number[] = []
  for (let step = 0; step < 2; step++) {
    const result = await trainingStep(state, resolved, [batch], settings)
    measured.push(result.loss, result.gradientNorm)
    state = result.state
  }
  const values = [...flattenParameters(state.parameters)].map(([name, tensor]) => [name, tensor.dataSync()] as const)
  for (const each of [state.parameters, state.optimizer.firstMoments, state.optimizer.secondMoments]) {
    disposeParameters(each)
  }
  return { measured, values }
}

beforeAll(async () => {
  await useEngine({ backend: 'wasm', threads: 2 })
  expect(heapIsShared()).toBe(true)
})

it.each(Object.keys(configs))('trains to the same bits with 1, 2 and 3 threads: %s', async (name) => {
  const alone = await train(configs[name], 1)
  expect(alone.measured.every(Number.isFinite)).toBe(true)
  for (const threads of [2, 3]) expect(await train(configs[name], threads)).toEqual(alone)
})
