import { attentionCost } from '@swat-js/swat-attention'
import { tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BenchmarkEvent } from './attention-benchmark.js'
import { measureAttention } from './measure-attention.js'

const tiny = { lengths: [24, 70], window: 8, heads: 4, kvHeads: 2, headDim: 8, batch: 2, rounds: 2 }

describe.each(['cpu', 'wasm'] as const)('measureAttention on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('measures our kernel and every baseline at every length, leaks nothing, tells how far it is', async () => {
    const events: BenchmarkEvent[] = []
    const report = (event: BenchmarkEvent) => void events.push(event)
    const { rows, skipped, options, growth } = await expectNoLeak(() => measureAttention({ ...tiny, report }))
    expect(tf.getBackend()).toBe(backend)
    expect(skipped).toEqual([])
    expect(options).toMatchObject({ ...tiny, activation: 'sigmoid', precision: 'float32', baselines: true })
    const kinds = ['windowed', 'windowed', 'dense', 'full']
    const kernels = [backend, 'composite', null, backend]
    expect(rows.map(({ kind }) => kind)).toEqual([...kinds, ...kinds])
    expect(rows.map(({ kernel }) => kernel)).toEqual([...kernels, ...kernels])
    expect(rows.map(({ length }) => length)).toEqual([24, 24, 24, 24, 70, 70, 70, 70])
    for (const row of rows) {
      const { length, window, forwardMs, totalMs, tflops, maxError, peakBytes, resultBytes } = row
      const cost = attentionCost({ length, window, heads: 4, kvHeads: 2, headDim: 8 })
      expect(window).toBe(row.kind === 'full' ? null : 8)
      expect(row.operations).toBe(2 * (cost.forwardOperations + cost.backwardOperations))
      expect(tflops).toBeCloseTo(row.operations / (totalMs ?? NaN) / 1e9, 9)
      expect(resultBytes).toBe(4 * 2 * length * (4 + 4 + 2 + 2) * 8)
      expect(peakBytes).toBeGreaterThanOrEqual(resultBytes)
      expect(forwardMs).toBeGreaterThan(0)
      expect(maxError).toBeLessThan(2e-5)
      expect(row).toMatchObject({ backend, batch: 2, compared: 'all rows', clock: 'wall', extrapolated: 1, rounds: 2 })
      expect(row.forwardWallMs).toBe(forwardMs)
    }
    const peaks = rows.flatMap(({ kind, kernel, peakBytes }) =>
      kind === 'windowed' && kernel === backend ? [peakBytes ?? NaN] : [],
    )
    expect(growth).toMatchObject({ from: 24, to: 70, bytesPerToken: peaks[1] / 70 / (peaks[0] / 24) })
    expect(growth?.timePerToken).toBeGreaterThan(0)
    const progress = events.flatMap((event) => (event.event === 'progress' ? [event] : []))
    expect(progress.map(({ done }) => done)).toEqual([...progress.map(({ done }) => done)].sort((a, b) => a - b))
    expect(progress[progress.length - 1]).toMatchObject({ done: 15, total: 15 })
  })

  it('measures the forward pass alone, and softmax', async () => {
    const { rows, growth } = await measureAttention({
      ...tiny,
      lengths: [30],
      activation: 'softmax',
      forwardOnly: true,
    })
    expect(rows).toHaveLength(4)
    expect(growth).toBeNull()
    for (const row of rows) {
      expect(row).toMatchObject({ totalMs: null, totalWallMs: null, resultBytes: 4 * 2 * 30 * 4 * 8 })
      expect(row.maxError).toBeLessThan(2e-6)
    }
  })

  it('skips baselines that the budget cannot pay, and says why', async () => {
    const { rows, skipped } = await measureAttention({ ...tiny, lengths: [24], baselineBudget: 1e-9 })
    expect(rows.map(({ kind, rounds }) => [kind, rounds])).toEqual([
      ['windowed', 2],
      ['windowed', 1],
    ])
    expect(skipped.map(({ length, kind }) => [length, kind])).toEqual([
      [24, 'dense'],
      [24, 'full'],
    ])
    expect(skipped[0].reason).toMatch(/^2 of 4 heads at length 24 would take some \d+ s, and the budget is 1e-9 s$/)
  })

  it('leaves baselines out', async () => {
    const { rows, skipped } = await measureAttention({ ...tiny, baselines: false })
    expect(rows.map(({ kernel }) => kernel)).toEqual([backend, backend])
    expect(skipped).toEqual([])
  })
})

describe('measureAttention on webgpu', async () => {
  const reason = await webgpuUnavailable()

  it.skipIf(reason !== null)(
    `runs on a GPU${reason ? ` (skipped: ${reason})` : ''}`,
    { timeout: 120_000 },
    async () => {
      await useEngine({ backend: 'webgpu' })
      const sizes = { lengths: [24], window: 8, heads: 2, headDim: 8, rounds: 1, baselines: false }
      const { rows } = await measureAttention(sizes)
      expect(rows.map(({ kernel }) => kernel)).toEqual(['webgpu'])
      expect(rows[0].maxError).toBeLessThan(1e-5)
      expect(rows[0].peakBytes).toBeGreaterThanOrEqual(rows[0].resultBytes)
      expect(rows[0].totalWallMs).toBeGreaterThan(0)
    },
  )
})

describe('measureAttention refuses', () => {
  it.each([
    [{ lengths: [] }, 'lengths must be different and at least one, but are [].'],
    [{ lengths: [8, 8] }, 'lengths must be different and at least one, but are [8, 8].'],
    [{ lengths: [8.5] }, 'length must be a whole number of at least 1, but is 8.5.'],
    [{ window: 0 }, 'window must be a whole number of at least 1, but is 0.'],
    [{ kvHeads: 3 }, 'heads (4) must be a multiple of kvHeads (3). Choose kvHeads from 1, 2, 4.'],
    [{ baselineBudget: 0 }, 'baselineBudget must be above 0 seconds, but is 0.'],
  ])('%j', async (wrong, message) => {
    await expect(measureAttention({ ...tiny, ...wrong })).rejects.toMatchObject({
      code: 'benchmark',
      message: `measureAttention: ${message}`,
    })
  })
})
