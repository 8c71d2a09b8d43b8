import { tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatDecode } from './format-decode.js'
import { measureDecode } from './measure-decode.js'

const tiny = { positions: [20, 1_000_000, 2 ** 31], window: 8, heads: 4, kvHeads: 2, headDim: 8, batch: 2, rounds: 2 }

describe.each(['cpu', 'wasm'] as const)('measureDecode on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('decodes the right numbers at near and far positions, in a cache of one size, and leaks nothing', async () => {
    const { rows } = await expectNoLeak(() => measureDecode(tiny))
    expect(tf.getBackend()).toBe(backend)
    expect(rows.map(({ position }) => position)).toEqual(tiny.positions)
    for (const row of rows) {
      expect(row).toMatchObject({ backend, kernel: backend, batch: 2, window: 8, clock: 'wall', rounds: 2 })
      expect(row.cacheBytes).toBe(2 * 4 * 2 * 7 * 2 * 8)
      expect(row.maxError).toBeLessThan(2e-6)
      expect(row.tokenMs).toBeGreaterThan(0)
    }
  })

  it('takes a window of one token, and softmax', async () => {
    const { rows } = await measureDecode({ ...tiny, positions: [0], window: 1, activation: 'softmax' })
    expect(rows[0].maxError).toBeLessThan(2e-6)
  })
})

it('measureDecode refuses positions where the window is not full, and repeated ones', async () => {
  const message = 'measureDecode: positions must be different whole numbers of at least window − 1 = 7'
  await expect(measureDecode({ ...tiny, positions: [6] })).rejects.toThrow(message)
  await expect(measureDecode({ ...tiny, positions: [9, 9] })).rejects.toThrow(message)
  await expect(measureDecode({ ...tiny, positions: [] })).rejects.toThrow(message)
})

it('formatDecode compares the furthest token with the nearest', async () => {
  await useEngine({ backend: 'cpu' })
  const { options, rows } = await measureDecode({ ...tiny, positions: [20, 1_000_000] })
  const text = formatDecode({
    options,
    rows: [
      { ...rows[0], tokenMs: 0.25, repeats: 50, spread: 0.1, maxError: 2e-7 },
      { ...rows[1], tokenMs: 0.26, repeats: 50, spread: 0.1, maxError: 3e-7 },
    ],
  })
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['position', 'kernel', 'µs/call', 'tokens/s', 'spread', 'clock', 'cache bytes', 'max error'],
    ['20', 'cpu', '250', '8,000', '±5 %', 'wall, 50 calls', '1,792', '2.0e-7'],
    ['1,000,000', 'cpu', '260', '7,692', '±5 %', 'wall, 50 calls', '1,792', '3.0e-7'],
    [''],
    ['A token at position 1,000,000 takes 1.04 times as long as one at position 20.'],
  ])
})
