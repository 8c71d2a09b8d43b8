import {
  adamW,
  constantSchedule,
  cosineSchedule,
  createRandom,
  disposeParameters,
  flattenParameters,
  mapParameters,
  nextTokenLabels,
  tf,
  useEngine,
} from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import {
  goldenConfig,
  goldenParameters,
  readGolden,
  type Golden,
  type GoldenConfig,
} from '../../test/fixtures/golden-model.js'
import { resolveConfig, type SwatConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { modelLoss, type TokenBatch } from './model-loss.js'
import { startTrainingStep, trainingStep, type TrainingSettings, type TrainingState } from './training-step.js'

interface GoldenTraining {
  steps: { step: number; loss: number; grad_norm: number; lr: number }[]
  final_loss: number
  final_checksums: Record<string, { sum: number; abs_sum: number }>
}

const model = readGolden<{ config: GoldenConfig; weights: Record<string, Golden>; ids: number[][] }>('model')
const training = readGolden<GoldenTraining>('train-steps')

function batchOf(rows: number[][]): TokenBatch {
  const [batchSize, length] = [rows.length, rows[0].length]
  const inputs = Int32Array.from(rows.flat())
  return { inputs, labels: nextTokenLabels(inputs, batchSize, length), batchSize, length }
}

function initialState(parameters: SwatParameters, settings: TrainingSettings): TrainingState {
  return { step: 0, parameters, optimizer: settings.optimizer.init(parameters) }
}

function disposeState(state: TrainingState): void {
  disposeParameters(state.parameters)
  disposeParameters(state.optimizer.firstMoments)
  disposeParameters(state.optimizer.secondMoments)
  if (state.lossScale) tf.dispose([state.lossScale.scale, state.lossScale.stableSteps])
}

function valuesOf(state: TrainingState): number[][] {
  return [...flattenParameters(state.parameters).values()].map((tensor) => Array.from(tensor.dataSync()))
}

describe.each(engines)('trainingStep on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('golden: eight steps', async () => {
    const config = goldenConfig(model.config)
    const settings: TrainingSettings = {
      optimizer: adamW({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01 }),
      schedule: cosineSchedule({ peak: 0.01, warmupSteps: 2, totalSteps: 8, minimumRatio: 0.1 }),
      clip: 1,
      kernels,
    }
    // One float32 evaluation is off by up to 1.2e-7 (half a unit in the last place, and sums), and here errors hardly
    // add up: the eight losses were measured within 1.3e-7, norms within 3.8e-7, checksums within 5e-8.
    const [lossError, normError, checksumError] = [5e-7, 1e-6, 2e-7]
    let state = initialState(goldenParameters(model.weights), settings)
    for (const expected of training.steps) {
      const result = await trainingStep(state, config, [batchOf(model.ids)], settings)
      state = result.state
      expect(state.step).toBe(expected.step)
      expect(result.tokens).toBe(22)
      expectClose([result.loss], [expected.loss], { relative: lossError, name: 'loss' })
      expectClose([result.gradientNorm], [expected.grad_norm], { relative: normError, name: 'gradient norm' })
      expectClose([result.learningRate], [expected.lr], { relative: 1e-9, absolute: 1e-12, name: 'learning rate' })
    }
    const loss = modelLoss(state.parameters, config, batchOf(model.ids), { kernels })
    expectClose(loss, [training.final_loss], { relative: lossError, name: 'final loss' })
    const parameters = flattenParameters(state.parameters)
    expect([...parameters.keys()]).toEqual(Object.keys(training.final_checksums))
    for (const [name, tensor] of parameters) {
      const values = Array.from(tensor.dataSync())
      const expected = training.final_checksums[name]
      const absolute = checksumError * expected.abs_sum
      expectClose([values.reduce((a, b) => a + b)], [expected.sum], { absolute, name: `sum of ${name}` })
      expectClose([values.reduce((a, b) => a + Math.abs(b), 0)], [expected.abs_sum], { absolute, name })
    }
    loss.dispose()
    disposeState(state)
  })
})

const tiny = resolveConfig({
  vocabSize: 13,
  hiddenSize: 8,
  layers: 2,
  heads: 2,
  intermediateSize: 12,
  window: 3,
  initStd: 0.3,
})

function settingsWith(changes: Partial<TrainingSettings> = {}): TrainingSettings {
  return { optimizer: adamW({ weightDecay: 0.01 }), schedule: constantSchedule(1e-2), clip: 1, ...changes }
}

function freshState(config: SwatConfig, settings: TrainingSettings): TrainingState {
  return initialState(initializeParameters(config, createRandom(7)), settings)
}

describe('trainingStep', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('micro-batches count as one batch, weighted by their scored tokens', async () => {
    const rows = [
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
      [11, 12, 0, 1, 2],
    ]
    const settings = settingsWith()
    // The first row scores one token, the others four each.
    const masked = (batch: TokenBatch) => ({ ...batch, labels: batch.labels.map((label, i) => (i < 3 ? -100 : label)) })
    const whole = await trainingStep(freshState(tiny, settings), tiny, [masked(batchOf(rows))], settings)
    const parts = [masked(batchOf(rows.slice(0, 1))), batchOf(rows.slice(1))]
    const accumulated = await trainingStep(freshState(tiny, settings), tiny, parts, settings)
    expect(accumulated.tokens).toBe(whole.tokens)
    expectClose([accumulated.loss], [whole.loss], { relative: 1e-6 })
    expectClose([accumulated.gradientNorm], [whole.gradientNorm], { relative: 1e-5 })
    const [expected, actual] = [valuesOf(whole.state), valuesOf(accumulated.state)]
    // Adam's first update is ±lr wherever the gradient is not tiny, so equal parameters mean equal signs everywhere.
    actual.forEach((values, i) => expectClose(values, expected[i], { relative: 1e-4 }))
    disposeState(whole.state)
    disposeState(accumulated.state)
  })

  it.each([false, true])(
    'documents in one row learn as in rows of their own (checkpointed: %s)',
    async (checkpointed) => {
      const settings = settingsWith({ checkpointActivations: checkpointed })
      const [first, second] = [
        [1, 2, 3, 4],
        [6, 7, 8, 9, 10],
      ]
      const row = (documents: number[][], length: number): TokenBatch => {
        const padded = <Value>(values: Value[], filler: Value) => [
          ...values,
          ...Array<Value>(length - values.length).fill(filler),
        ]
        return {
          inputs: Int32Array.from(padded(documents.flat(), 0)),
          labels: Int32Array.from(
            padded(
              documents.flatMap((ids) => [...ids.slice(1), -100]),
              -100,
            ),
          ),
          segmentIds: Int32Array.from(
            padded(
              documents.flatMap((ids, index) => ids.map(() => index + 1)),
              0,
            ),
          ),
          batchSize: 1,
          length,
        }
      }
      const together = await trainingStep(freshState(tiny, settings), tiny, [row([first, second], 11)], settings)
      const alone = await trainingStep(freshState(tiny, settings), tiny, [row([first], 4), row([second], 6)], settings)
      expectClose([together.loss], [alone.loss], { relative: 1e-6 })
      expectClose([together.gradientNorm], [alone.gradientNorm], { relative: 1e-5 })
      const joined = { ...row([first, second], 11), segmentIds: undefined }
      const crossing = await trainingStep(freshState(tiny, settings), tiny, [joined], settings)
      expect(Math.abs(crossing.gradientNorm / alone.gradientNorm - 1)).toBeGreaterThan(1e-3)
      for (const { state } of [together, alone, crossing]) disposeState(state)
    },
  )

  it('documents in one row are refused where they would leak: with sinks, in a recurrence', async () => {
    const settings = settingsWith()
    const batch = { ...batchOf([[1, 2, 3]]), segmentIds: Int32Array.of(1, 1, 2) }
    const sizes = { vocabSize: 13, hiddenSize: 8, layers: 1, heads: 2 }
    for (const [changes, message] of [
      [{ window: 3, slopes: 'none', sinks: 1 }, 'segmentIds cannot be given with sinks, got 1'],
      [
        { window: null, slopes: 'none', rope: null, mixer: 'retnet' },
        'segmentIds need attention, but the block has retnet',
      ],
    ] as const) {
      const config = resolveConfig({ ...sizes, ...changes })
      const state = freshState(config, settings)
      await expect(trainingStep(state, config, [batch], settings)).rejects.toThrow(message)
      disposeState(state)
    }
    const short = { ...batch, segmentIds: Int32Array.of(1) }
    const plain = freshState(tiny, settings)
    await expect(trainingStep(plain, tiny, [short], settings)).rejects.toThrow(
      'segmentIds must have batchSize · length',
    )
    disposeState(plain)
  })

  it('a poisoned model is refused before anything changes, and leaks nothing', async () => {
    const settings = settingsWith()
    const state = freshState(tiny, settings)
    const before = valuesOf(state)
    const poisoned = mapParameters(state.parameters, (tensor, name) =>
      name === 'model.layers.1.mlp.up_proj.weight' ? tf.fill(tensor.shape, NaN) : tensor.clone(),
    ) as unknown as SwatParameters
    const memory = tf.memory()
    const batch = batchOf([[1, 2, 3, 4]])
    await expect(trainingStep({ ...state, parameters: poisoned }, tiny, [batch], settings)).rejects.toMatchObject({
      code: 'non-finite-loss',
      message: expect.stringMatching(/after 0 updates the loss is NaN.*parameters were not changed/),
    })
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
    expect(valuesOf(state)).toEqual(before)
    disposeParameters(poisoned)

    const { state: after, loss } = await trainingStep(state, tiny, [batch], settings)
    expect(Number.isFinite(loss)).toBe(true)
    expect(after.step).toBe(1)
    expect(valuesOf(after)).not.toEqual(before)
    disposeState(after)
  })

  it('an infinite gradient with a finite loss is refused, too', async () => {
    const settings = settingsWith({ kernels: { use: 'composite' } }) // the reference's norm, in double, stays finite
    const unguarded = { ...tiny, tied: false, normEpsilon: 1e-45 }
    const { parameters, ...rest } = freshState(unguarded, settings)
    // The first norm multiplies by up to 1/√epsilon = 3e22: the loss stays finite, the squared gradient overflows.
    const shrunk = mapParameters(parameters, (tensor, name) =>
      name === 'model.embeddings.weight' ? tf.mul(tensor, 1e-30) : tensor.clone(),
    ) as unknown as SwatParameters
    const loss = modelLoss(shrunk, unguarded, batchOf([[1, 2, 3, 4]]))
    expect(Number.isFinite(loss.dataSync()[0])).toBe(true)
    const result = trainingStep({ ...rest, parameters: shrunk }, unguarded, [batchOf([[1, 2, 3, 4]])], settings)
    await expect(result).rejects.toMatchObject({ code: 'non-finite-loss' })
    await expect(result).rejects.toThrow(/gradient Infinity/)
    loss.dispose()
    disposeParameters(shrunk)
    disposeState({ ...rest, parameters })
  })

  it('an error of the forward pass leaves the state usable and leaks nothing', async () => {
    const settings = settingsWith()
    const state = freshState(tiny, settings)
    const before = valuesOf(state)
    const memory = tf.memory()
    const wrong = [batchOf([[1, 2, 3]]), batchOf([[1, 99, 3]])]
    await expect(trainingStep(state, tiny, wrong, settings)).rejects.toThrow(/id number 1 is 99/)
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
    expect(valuesOf(state)).toEqual(before)
    disposeState(state)
  })
})

describe('startTrainingStep', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  const batches = Array.from({ length: 4 }, (_, i) => batchOf([[1, 2, 3, 4, 5].map((id) => (id + i) % 13)]))

  it('gives the numbers of trainingStep when steps are started before the ones before are read', async () => {
    const settings = settingsWith()
    const memory = tf.memory()
    let [one, other] = [freshState(tiny, settings), freshState(tiny, settings)]
    const expected = []
    const started = []
    for (const batch of batches) {
      const { state, ...result } = await trainingStep(one, tiny, [batch], settings)
      one = state
      expected.push(result)
    }
    for (const batch of batches) {
      const { state, ...result } = startTrainingStep(other, tiny, [batch], settings)
      other = state
      started.push(result)
    }
    const actual = await Promise.all(started.map(async ({ measured, ...rest }) => ({ ...(await measured), ...rest })))
    expect(actual).toEqual(expected)
    expect(valuesOf(other)).toEqual(valuesOf(one))
    disposeState(one)
    disposeState(other)
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
  })

  it('leaves out an update whose gradient is not finite, and says so', async () => {
    const settings = settingsWith()
    const state = freshState(tiny, settings)
    const poisoned = mapParameters(state.parameters, (tensor, name) =>
      name === 'model.norm.weight' ? tf.fill(tensor.shape, NaN) : tensor.clone(),
    ) as unknown as SwatParameters
    const before = valuesOf({ ...state, parameters: poisoned })
    const { state: after, measured } = startTrainingStep(
      { ...state, parameters: poisoned },
      tiny,
      [batches[0]],
      settings,
    )
    await expect(measured).rejects.toMatchObject({ code: 'non-finite-loss' })
    expect(valuesOf(after)).toEqual(before)
    disposeParameters(state.parameters)
    disposeState(after)
  })
})

describe.each(engines)('what does not change a step, on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  const batch = batchOf([
    [1, 2, 3, 4, 5, 6],
    [7, 8, 9, 10, 11, 12],
  ])
  const run = async (changes: Partial<TrainingSettings>, lossScale?: number) => {
    const settings = settingsWith({ kernels, ...changes })
    let state = freshState(tiny, settings)
    if (lossScale) state.lossScale = { scale: tf.scalar(lossScale), stableSteps: tf.scalar(0) }
    const steps = []
    for (let i = 0; i < 3; i++) {
      const { state: next, ...measured } = await trainingStep(state, tiny, [batch, batch], settings)
      state = next
      steps.push(measured)
    }
    const values = valuesOf(state)
    disposeState(state)
    return { steps, values }
  }

  it('activations that are computed again: the same numbers to the last bit', async () => {
    const memory = tf.memory()
    expect(await run({ checkpointActivations: true })).toEqual(await run({}))
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
  })

  it('a loss scale, a power of two: the same numbers where nothing underflows', async () => {
    const plain = await run({})
    const scaled = await run({ kernels: { ...kernels, precision: 'mixed' } })
    expect(scaled.steps.map(({ lossScale }) => lossScale)).toEqual([65536, 65536, 65536])
    for (const [i, { loss, gradientNorm }] of plain.steps.entries()) {
      expectClose([scaled.steps[i].loss], [loss], { relative: 2e-6 })
      expectClose([scaled.steps[i].gradientNorm], [gradientNorm], { relative: 2e-6 })
    }
  })

  it('a loss scale that overflows: steps are left out, the scale is halved, training goes on', async () => {
    const memory = tf.memory()
    const { steps, values } = await run({ kernels: { ...kernels, precision: 'mixed' } }, 2 ** 127)
    expect(steps[0]).toMatchObject({ skipped: true, lossScale: 2 ** 127 })
    expect(steps[1].lossScale).toBe(2 ** 126)
    expect(Number.isFinite(steps[0].loss)).toBe(true)
    expect(values.flat().every(Number.isFinite)).toBe(true)
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
  })
})

describe.each([{ backend: 'cpu' }, { backend: 'wasm' }] as const)('200 steps on $backend', ({ backend }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('leak no tensor and no byte, and learn', async () => {
    const settings = settingsWith({ schedule: constantSchedule(3e-3) })
    const random = createRandom(11)
    const microBatch = () => {
      const first = [random.integer(13), random.integer(13)]
      return batchOf(first.map((start) => Array.from({ length: 8 }, (_, i) => (start + i) % 13)))
    }
    let state = freshState(tiny, settings)
    const memory = tf.memory()
    const losses: number[] = []
    for (let step = 0; step < 200; step++) {
      const result = await trainingStep(state, tiny, [microBatch(), microBatch()], settings)
      state = result.state
      losses.push(result.loss)
    }
    expect(tf.memory()).toMatchObject({ numTensors: memory.numTensors, numBytes: memory.numBytes })
    expect(losses[0]).toBeGreaterThan(2)
    expect(losses[199]).toBeLessThan(0.5)
    disposeState(state)
  })
})
