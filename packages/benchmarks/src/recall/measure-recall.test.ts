import { useEngine } from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatRecall } from './format-recall.js'
import { measureRecall } from './measure-recall.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

describe('measureRecall', () => {
  it('recalls what lies within layers · (window − 1), guesses one token farther, and leaks nothing', async () => {
    const seen: number[] = []
    const { rows, chance, options, backend } = await expectNoLeak(() =>
      measureRecall({
        ...{ layers: [2], window: 3, distances: [5, 4, 2], hiddenSize: 16, steps: 400, examples: 300 },
        report: (event) => event.event === 'progress' && seen.push(event.done),
      }),
    )
    expect([backend, chance, options.distances]).toEqual(['wasm', 1 / 16, [2, 4, 5]])
    expect([rows.length, rows[0].layers, rows[0].receptiveField]).toEqual([1, 2, 5])
    const [near, edge, outside] = rows[0].accuracies
    expect(near).toBeGreaterThan(0.9)
    expect(edge).toBeGreaterThan(0.9)
    expect(outside).toBeLessThan(0.2) // a sixteenth, give or take
    expect([seen[0], seen.at(-1), seen.length]).toEqual([1, 400, 400])
  })

  it.each([
    [{ layers: [] }, 'there must be a number of layers, and a window of at least 2, but there are 0'],
    [{ window: 1 }, 'a window of at least 2, but there are 3 and the window is 1'],
    [{ layers: [0] }, 'layers must be a whole number of at least 1, but is 0'],
    [{ distances: [0] }, 'a distance must be a whole number from 1'],
    [{ steps: 0 }, 'steps must be a whole number of at least 1, but is 0'],
  ])('refuses %j', async (options, message) => {
    await expect(measureRecall(options)).rejects.toThrow(message)
  })
})

it('formatRecall has a column for each model and marks what none can see', () => {
  const row = { parameters: 1000, seconds: 2 }
  const text = formatRecall({
    options: {
      ...{ layers: [1, 2], window: 8, distances: [7, 14, 15], distractors: 0, hiddenSize: 32, heads: 2, steps: 40 },
      ...{ batchSize: 32, learningRate: 0.01, examples: 500, seed: 0 },
    },
    ...{ backend: 'wasm', chance: 1 / 16 },
    rows: [
      { ...row, layers: 1, receptiveField: 8, accuracies: [1, 0.06, 0.05] },
      { ...row, layers: 2, receptiveField: 15, accuracies: [1, 0.994, 0.07] },
    ],
  })
  expect(text.split('\n')).toEqual([
    'Key-value recall on wasm: right answers by distance, window 8, 0 distractors. A guess is right in 6 %.',
    '',
    'distance  1 layer  2 layers',
    '       7   100 %     100 %',
    '      14     6 %*     99 %',
    '      15     5 %*      7 %*',
    '',
    '* outside the receptive field, 8, 15 tokens: 1 + layers · (window − 1).',
    '1,280 examples of training for each model, 4 s for all; 500 others to test.',
  ])
})
