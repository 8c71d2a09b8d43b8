import { presetConfig, resolveConfig } from '@swat-js/models'
import { tf, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { measureTrainingStep } from './measure-training-step.js'
import { trainingCost } from './training-cost.js'

describe('trainingCost', () => {
  it('counts the 340M model as the specification does (3.3: forward 2.89 TFLOP at length 4096, attention 0.10)', () => {
    const cost = trainingCost(presetConfig('swat-340m'), 4096)
    expect(cost.attentionOperations / 3 / 1e12).toBeCloseTo(0.1, 2)
    expect(cost.totalOperations / 3 / 1e12).toBeCloseTo(2.89, 2)
  })
})

describe('measureTrainingStep', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'wasm' })
  })

  const config = resolveConfig({ vocabSize: 16, hiddenSize: 16, layers: 1, heads: 2, window: 4 })

  it('trains, frees everything, and reports figures that belong together', async () => {
    const tensors = tf.memory().numTensors
    const seen: number[] = []
    const speed = await measureTrainingStep({
      config,
      batchSize: 2,
      length: 8,
      steps: 3,
      onStep: (step) => seen.push(step),
    })
    expect(tf.memory().numTensors).toBe(tensors)
    expect(seen).toEqual([1, 2, 3, 4, 5])
    expect(speed.backend).toBe('wasm')
    expect(speed.stepsMs).toHaveLength(3)
    expect(speed.tokensPerSecond).toBeCloseTo(16_000 / speed.stepMs, 6)
    expect(speed.gigaflops).toBeCloseTo((2 * trainingCost(config, 8).totalOperations) / speed.stepMs / 1e6, 9)
    const parameters = 16 * 16 + 4 * 16 * 16 + 3 * 16 * config.intermediateSize + 3 * 16
    expect(speed.stateBytes).toBe(3 * 4 * parameters)
  })

  it('refuses to time nothing', async () => {
    await expect(measureTrainingStep({ config, batchSize: 1, length: 4, steps: 0 })).rejects.toThrow('at least 1')
  })
})
