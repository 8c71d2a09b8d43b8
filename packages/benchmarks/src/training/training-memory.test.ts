import { initializeParameters, resolveConfig, trainingMemory, trainingStep } from '@swat-js/models'
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
  'few tokens': { vocabSize: 256, hiddenSize: 128, layers: 4, heads: 4, window: 16 },
} as const

const cases = [
  { model: 'many layers', batchSize: 2, length: 256, checkpointActivations: false },
  { model: 'many layers', batchSize: 2, length: 256, checkpointActivations: true },
  { model: 'a large vocabulary', batchSize: 2, length: 128, checkpointActivations: false },
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

  it('plans the 340M model: batch 2 of 4,096 below 40 GB, with checkpointing below 12 GB', () => {
    const config = resolveConfig({ vocabSize: 32000, hiddenSize: 1024, layers: 24, heads: 16, window: 128 })
    const peak = (checkpointActivations: boolean) =>
      trainingMemory(config, { batchSize: 2, length: 4096, checkpointActivations }).peak / 1e9
    expect(peak(false)).toBeLessThan(40)
    expect(peak(true)).toBeLessThan(12)
  })
})
