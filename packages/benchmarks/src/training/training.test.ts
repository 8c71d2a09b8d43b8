import { baselineConfig, presetConfig, resolveConfig } from '@swat-js/models'
import { tf, useEngine, type BackendName } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatTraining } from './format-training.js'
import { measureTraining } from './measure-training.js'
import { trainingCost } from './training-cost.js'

const noGpu = await webgpuUnavailable()

describe('trainingCost', () => {
  it('counts the 340M model as the specification does (3.3: forward 2.89 TFLOP at length 4096, attention 0.10)', () => {
    const cost = trainingCost(presetConfig('swat-340m'), 4096)
    expect(cost.attentionOperations / 3 / 1e12).toBeCloseTo(0.1, 2)
    expect(cost.totalOperations / 3 / 1e12).toBeCloseTo(2.89, 2)
  })

  it('refuses a recurrence, which has no visible pairs to count', () => {
    const config = baselineConfig('mamba2', 'tiny')
    expect(() => trainingCost(config, 64)).toThrow('trainingCost: the operations of the mixer mamba2 are not counted')
  })
})

describe.each<BackendName>(['wasm', 'webgpu'])('measureTraining on %s', (backend) => {
  const reason = backend === 'webgpu' ? noGpu : null
  const config = resolveConfig({ vocabSize: 16, hiddenSize: 16, layers: 1, heads: 2, window: 4 })

  describe.skipIf(reason !== null)(reason === null ? 'with an engine' : `skipped: ${reason}`, () => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('trains, frees everything, and reports figures that belong together', async () => {
      const tensors = tf.memory().numTensors
      const seen: number[] = []
      const benchmark = await measureTraining({
        ...{ config, name: 'tiny', batchSize: 2, length: 8, steps: 3, warmUp: 2, precision: 'mixed' as const },
        report: (event) => event.event === 'progress' && seen.push(event.done),
      })
      const slopes = backend === 'webgpu' ? 1 : 0 // stay on the device
      expect(tf.memory().numTensors).toBe(tensors + slopes)
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      const [row] = benchmark.rows
      expect(row).toMatchObject({
        model: 'tiny',
        backend,
        precision: 'mixed',
        batch: 2,
        length: 8,
        window: 4,
        steps: 3,
      })
      expect(row.tokensPerSecond).toBeCloseTo(16_000 / row.stepMs, 6)
      expect(row.modelTflops).toBeCloseTo((2 * trainingCost(config, 8).totalOperations) / row.stepMs / 1e9, 9)
      expect(row.utilisation).toBeCloseTo(row.modelTflops / row.probeTflops, 9)
      const parameters = 16 * 16 + 4 * 16 * 16 + 3 * 16 * config.intermediateSize + 3 * 16
      expect(row.parameters).toBe(parameters)
      expect(row.stateBytes).toBe(3 * 4 * parameters)
      expect(row.peakBytes).toBeGreaterThan(4 * 4 * parameters)
      expect(row.firstLoss).toBeCloseTo(Math.log(16), 0)
      expect(row.lastLoss).toBeLessThan(row.firstLoss)
      if (row.shares) expect(row.shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6)
      const text = formatTraining(benchmark)
      expect(text).toContain(
        `tiny: ${parameters.toLocaleString('en-US')} parameters, batch 2 × 8, window 4, mixed on ${backend}`,
      )
      expect(text).toMatch(/\n {2}memory {2}[\d.]+ MiB at most/)
    })
  })

  it('refuses to time nothing', async () => {
    await expect(measureTraining({ config, batchSize: 1, length: 4, steps: 0 })).rejects.toThrow('steps')
  })
})
