import {
  initializeParameters,
  resolveConfig,
  trainingMemory,
  trainingStep,
  type SwatConfigInput,
} from '@swat-js/models'
import { adamW, constantSchedule, createRandom, disposeParameters, useEngine } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { peakMemory } from '../memory/peak-memory.js'

const random = createRandom(3)
const batchOf = (vocabSize: number, batchSize: number, length: number) => {
  const ids = () => Int32Array.from({ length: batchSize * length }, () => random.integer(vocabSize))
  return { inputs: ids(), labels: ids(), batchSize, length }
}

const models = {
  'many layers': { vocabSize: 64, hiddenSize: 64, layers: 8, heads: 4, window: 32 },
  'a large vocabulary': { vocabSize: 4096, hiddenSize: 32, layers: 2, heads: 2, window: 16 },
  'everything that tames it': {
    ...{ vocabSize: 64, hiddenSize: 64, layers: 4, heads: 4, kvHeads: 2, window: 32, intermediateSize: 64 },
    ...{ qkNorm: true, qkvBias: true, layerScale: 1e-4, attnOutNorm: true, trainableSlopes: true },
    ...{ sigmoidBias: 'neg-log-window' as const, positionBias: { type: 'learned' as const, length: 32 } },
  },
  'sinks in the cache': {
    ...{ vocabSize: 64, hiddenSize: 64, layers: 4, heads: 4, window: [32, 32, 32, null], intermediateSize: 64 },
    ...{ activation: 'softmax', slopes: 'none', sinks: 4, sinkPositions: 'in-cache', learnedSink: true },
  },
  'few tokens': { vocabSize: 256, hiddenSize: 128, layers: 4, heads: 4, window: 16 },
} satisfies Record<string, SwatConfigInput>

const cases = [
  { model: 'many layers', batchSize: 2, length: 256, checkpointActivations: false },
  { model: 'many layers', batchSize: 2, length: 256, checkpointActivations: true },
  { model: 'a large vocabulary', batchSize: 2, length: 128, checkpointActivations: false },
  { model: 'everything that tames it', batchSize: 2, length: 256, checkpointActivations: false },
  { model: 'everything that tames it', batchSize: 2, length: 256, checkpointActivations: true },
  { model: 'sinks in the cache', batchSize: 2, length: 256, checkpointActivations: false },
  { model: 'sinks in the cache', batchSize: 2, length: 256, checkpointActivations: true },
  { model: 'few tokens', batchSize: 1, length: 16, checkpointActivations: false },
] as const

describe('trainingMemory', () => {
  it.each(cases)('predicts the measured peak on wasm: $model, again: $checkpointActivations', async (training) => {
    await useEngine({ backend: 'wasm' })
    const config = resolveConfig(models[training.model])
    const { batchSize, length, checkpointActivations } = training
    const optimizer = adamW()
    const settings = { optimizer, schedule: constantSchedule(1e-3), clip: 1, checkpointActivations }
    const parameters = initializeParameters(config, random)
    const state = { step: 0, parameters, optimizer: optimizer.init(parameters) }
    const batch = batchOf(config.vocabSize, batchSize, length)
    const { result, memory } = await peakMemory(() => trainingStep(state, config, [batch], settings))
    const predicted = trainingMemory(config, training)
    const standing = predicted.parameters + predicted.optimizer
    const measured = standing + memory.peakBytes
    expect(predicted.peak / measured).toBeGreaterThan(5 / 6)
    expect(predicted.peak / measured).toBeLessThan(7 / 6)
    for (const tree of [
      result.state.parameters,
      result.state.optimizer.firstMoments,
      result.state.optimizer.secondMoments,
    ])
      disposeParameters(tree)
  })

  it('refuses counts that are none', () => {
    const config = resolveConfig(models['few tokens'])
    expect(() => trainingMemory(config, { batchSize: 0, length: 8 })).toThrow('batchSize must be a positive integer')
  })

  it('refuses a recurrence, whose memory nobody has counted', () => {
    const recurrence = { mixer: 'gla', window: null, slopes: 'none', rope: null } as const
    const config = resolveConfig({ ...models['few tokens'], ...recurrence })
    expect(() => trainingMemory(config, { batchSize: 1, length: 8 })).toThrow(
      'trainingMemory: the memory of the mixer gla is not predicted, only that of attention. Try a step with a small ' +
        'batch, and a larger one when it fits.',
    )
  })

  it('plans the 340M model: batch 2 of 4,096 below 40 GB, with checkpointing below 12 GB', () => {
    const config = resolveConfig({ vocabSize: 32000, hiddenSize: 1024, layers: 24, heads: 16, window: 128 })
    const peak = (checkpointActivations: boolean) =>
      trainingMemory(config, { batchSize: 2, length: 4096, checkpointActivations }).peak / 1e9
    expect(peak(false)).toBeLessThan(40)
    expect(peak(true)).toBeLessThan(12)
  })
})
