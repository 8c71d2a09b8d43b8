import { presetConfig, resolveConfig } from '@swat-js/models'
import { useEngine } from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatGeneration } from './format-generation.js'
import { measureGeneration } from './measure-generation.js'

const config = resolveConfig({
  ...{ vocabSize: 16, hiddenSize: 8, layers: 2, heads: 2, intermediateSize: 8, window: 4 },
})
const tiny = { config, tokens: 40, parts: 4, recomputed: 2 }

describe.each(['cpu', 'wasm'] as const)('measureGeneration on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('finds memory constant, the right numbers, and leaks nothing', async () => {
    const { rows, maxError, parameters } = await expectNoLeak(() => measureGeneration(tiny))
    expect(parameters).toBeGreaterThan(0)
    expect(maxError).toBeLessThan(1e-5)
    expect(rows.map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
      [30, 40],
    ])
    // keys and values of 2 layers, 3 positions, 2 heads of 4 channels
    for (const row of rows) {
      expect(row).toMatchObject({ tensors: 4, tensorBytes: 2 * 2 * 3 * 2 * 4 * 4, processBytes: null })
      expect(row.tokenMs).toBeGreaterThan(0)
      expect(row.recomputedTokenMs).toBeGreaterThan(0)
      expect(row.heapBytes).toEqual(backend === 'wasm' ? rows[0].heapBytes : null)
    }
  })
})

it.each([
  [{ config: presetConfig('nano', { window: null }) }, 'every layer must have a window'],
  [{ parts: 3 }, 'parts (3) must divide the number of tokens, 40'],
  [{ tokens: 0 }, 'tokens must be'],
])('measureGeneration refuses %j', async (options, message) => {
  await expect(measureGeneration({ ...tiny, ...options })).rejects.toThrow(message)
})

it('formatGeneration tells what changes and what the cache gains', () => {
  const row = { tensors: 4, tensorBytes: 768, heapBytes: 2 ** 24, processBytes: 2 ** 27 }
  const text = formatGeneration({
    options: { ...tiny, name: 'tiny' },
    ...{ backend: 'wasm', parameters: 1234, maxError: 2e-7 },
    rows: [
      { ...row, from: 0, to: 20, tokenMs: 2, tokensPerSecond: 480, recomputedTokenMs: 20 },
      { ...row, from: 20, to: 40, tokenMs: 2.5, tokensPerSecond: 390, recomputedTokenMs: 25, processBytes: null },
    ],
  })
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['tiny on wasm: 1,234 parameters, 2 layers, window 4. Largest error of a log-probability 2.0e-7 nats.'],
    [''],
    ['up to token', 'ms/token', 'tokens/s', 'recomputed ms/token', 'tensors', 'their bytes', 'heap MiB', 'process MiB'],
    ['20', '2', '480', '20', '4', '768', '16', '128'],
    ['40', '2.5', '390', '25', '4', '768', '16', '–'],
    [''],
    ['From the first part to the last: tokens/s −20.0 % (medians), tensors 0, their bytes 0.'],
    ['Computing the window anew takes 10 times as long: 22.5 ms a token in place of 2.25 ms.'],
  ])
})
