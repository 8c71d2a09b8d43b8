import { resolveConfig } from '@swat-js/models'
import { describe, expect, it } from 'vitest'
import { chooseMicroBatch } from './choose-micro-batch.js'
import { splitBatch } from './split-batch.js'

describe('splitBatch', () => {
  const batch = {
    inputs: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    labels: Int32Array.of(2, 3, -100, -100, 6, 7, 8, 9),
    batchSize: 4,
    length: 2,
  }

  it('cuts between sequences and leaves out what scores nothing', () => {
    expect(splitBatch(batch, 4)).toEqual([batch])
    expect(splitBatch(batch, 2)).toEqual([
      { inputs: Int32Array.of(1, 2, 3, 4), labels: Int32Array.of(2, 3, -100, -100), batchSize: 2, length: 2 },
      { inputs: Int32Array.of(5, 6, 7, 8), labels: Int32Array.of(6, 7, 8, 9), batchSize: 2, length: 2 },
    ])
    expect(splitBatch(batch, 1).map(({ inputs }) => [...inputs])).toEqual([
      [1, 2],
      [5, 6],
      [7, 8],
    ])
  })
})

describe('chooseMicroBatch', () => {
  const model = resolveConfig({ vocabSize: 64, hiddenSize: 64, layers: 4, heads: 2, window: 8 })
  const training = { batchSize: 12, length: 128, checkpointActivations: false, microBatchSize: 'auto' as const }

  it('takes the largest divisor that fits', async () => {
    const asked: number[] = []
    const upTo = (bytes: number) => async (needed: number) => {
      asked.push(needed)
      return needed <= bytes
    }
    expect(await chooseMicroBatch(model, training, upTo(Infinity))).toBe(12)
    expect(asked).toHaveLength(1)
    expect(await chooseMicroBatch(model, training, upTo(asked[0] - 1))).toBe(6)
    expect(await chooseMicroBatch(model, training, upTo(asked[0] / 4))).toBe(2)
    await expect(chooseMicroBatch(model, training, upTo(1000))).rejects.toThrow(
      /One sequence of 128 tokens takes about .* GB .* Choose training.checkpointActivations, a smaller training.length/,
    )
  })

  it('leaves a given size alone', async () => {
    const never = async () => Promise.reject(new Error('asked'))
    expect(await chooseMicroBatch(model, { ...training, microBatchSize: 3 }, never)).toBe(3)
    expect(await chooseMicroBatch(model, { ...training, microBatchSize: null }, never)).toBe(12)
  })
  it('asks for a number where the memory is not predicted', async () => {
    const sizes = { vocabSize: 64, hiddenSize: 64, layers: 4, heads: 2 }
    const recurrence = resolveConfig({ ...sizes, mixer: 'gla', window: null, slopes: 'none', rope: null })
    const always = async () => true
    await expect(chooseMicroBatch(recurrence, training, always)).rejects.toThrow(
      'training.microBatchSize: auto goes by the predicted memory, and that of gla is not predicted, only that of ' +
        'attention. Give a number, a divisor of training.batchSize (12).',
    )
    expect(await chooseMicroBatch(recurrence, { ...training, microBatchSize: 3 }, always)).toBe(3)
  })
})
