import { describe, expect, it } from 'vitest'
import type { AttentionBenchmark } from './attention-benchmark.js'
import type { AttentionRow } from './attention-row.js'
import { formatAttention } from './format-attention.js'
import { drawAttention } from './node/draw-attention.js'

const row = (length: number, given: Partial<AttentionRow>): AttentionRow => ({
  ...{ backend: 'wasm', kernel: 'wasm', kind: 'windowed', precision: 'float32' },
  ...{ batch: 1, heads: 8, kvHeads: 8, headDim: 64, window: 128, activation: 'sigmoid', length },
  ...{ forwardMs: length / 64, totalMs: length / 20, clock: 'wall', forwardWallMs: length / 64, totalWallMs: null },
  ...{ spread: 0.08, rounds: 7, repeats: 1, peakBytes: 9000 * length, resultBytes: 8192 * length },
  ...{ heapGrowthBytes: 0, operations: 3.7e9, tflops: 0.02, matMulTflops: 0.025, maxError: 4.4e-7 },
  ...{ compared: 'all rows', headsAtOnce: 8, extrapolated: 1, measured: null, ...given },
})
const dense = { kernel: null, kind: 'dense', forwardMs: 900 } as const
const rows = [
  row(1024, {}),
  row(1024, { ...dense, totalMs: 2048, peakBytes: 2 ** 30 }),
  row(4096, { totalMs: 225.28 }),
  row(4096, {
    ...{ ...dense, totalMs: 45_056, peakBytes: 2 ** 34, headsAtOnce: 1, rounds: 1 },
    ...{ extrapolated: 32, measured: '1 of 8 heads at length 2048' },
  }),
]
const benchmark: AttentionBenchmark = {
  options: {
    ...{ lengths: [1024, 4096], window: 128, heads: 8, kvHeads: 8, headDim: 64, batch: 1, activation: 'sigmoid' },
    ...{ precision: 'float32', forwardOnly: false, baselines: true, baselineBudget: 30, rounds: 7 },
  },
  rows,
  growth: { from: 1024, to: 4096, timePerToken: 1.1, bytesPerToken: 1 },
  skipped: [{ length: 4096, kind: 'full', reason: 'it would take some 99 s, and the budget is 30 s' }],
}

describe('formatAttention', () => {
  const lines = formatAttention(benchmark).split('\n')

  it('makes a table', () => {
    expect(lines.slice(0, 5).map((line) => line.trim().split(/ {2,}/))).toEqual([
      [
        ...['length', 'attention', 'forward ms', 'total ms', 'spread', 'clock', 'µs/token', 'GFLOP/s', 'peak MiB'],
        ...['bytes/token', 'beyond results', 'heads at once', 'max error'],
      ],
      ['1,024', 'wasm', '16', '51.2', '±4 %', 'wall', '50', '20', '8.79', '9,000', '0.789', '8', '4.4e-7'],
      [
        ...['1,024', 'dense TensorFlow.js', '900', '2,048', '±4 %', 'wall', '2,000', '20', '1,024', '1,048,576'],
        ...['1,016', '8', '4.4e-7'],
      ],
      ['4,096', 'wasm', '64', '225', '±4 %', 'wall', '55', '20', '35.2', '9,000', '3.16', '8', '4.4e-7'],
      [
        ...[
          '4,096',
          'dense TensorFlow.js',
          '≈900',
          '≈45,056',
          '1 round',
          'wall',
          '11,000',
          '20',
          '16,384',
          '4,194,304',
        ],
        ...['16,352', '1', '4.4e-7'],
      ],
    ])
  })

  it('says what was extrapolated and skipped, what it should cost, how much faster it is and how it grows', () => {
    expect(lines.slice(5)).toEqual([
      '≈ dense TensorFlow.js at length 4,096: measured 1 of 8 heads at length 2048, extrapolated ×32.',
      'full attention at length 4,096 was skipped: it would take some 99 s, and the budget is 30 s.',
      '',
      "wasm at length 1,024: 3.7 GFLOP; at the rate of TensorFlow.js's float32 products in the same rounds, 25 GFLOP/s, " +
        'that is 148 ms, and it took 0.346 times as long. The forward pass moved its 8 MiB at 0.524 GB/s.',
      "wasm at length 4,096: 3.7 GFLOP; at the rate of TensorFlow.js's float32 products in the same rounds, 25 GFLOP/s, " +
        'that is 148 ms, and it took 1.52 times as long. The forward pass moved its 32 MiB at 0.524 GB/s.',
      'At length 1,024, beside wasm: dense TensorFlow.js takes 40 times as long.',
      'At length 4,096, beside wasm: dense TensorFlow.js takes ≈200 times as long.',
      'From length 1,024 to 4,096, timed in turn: time per token +10.0 %, bytes per token +0.0 %.',
    ])
  })
})

describe('drawAttention', () => {
  const svg = drawAttention(rows)

  it('is the same for the same rows', () => {
    expect(drawAttention(structuredClone(rows))).toBe(svg)
  })

  it('is one SVG with two panels, labels with units, a legend and colors for light and dark', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/)
    expect(svg.match(/<svg/g)).toHaveLength(1)
    for (const text of ['time (ms)', 'peak memory beyond the inputs (MiB)', 'length (tokens)', '1,024', '4,096']) {
      expect(svg).toContain(text)
    }
    for (const name of ['wasm', 'dense TensorFlow.js']) expect(svg).toContain(`>${name}</text>`)
    expect(svg).toContain('window 128, batch 1, 8 heads of 64, hollow points extrapolated')
    expect(svg).toContain('prefers-color-scheme: dark')
  })

  it('puts points where they belong on logarithmic axes', () => {
    const dots = [...svg.matchAll(/aria-label="dot"[^>]*>(.*?)<\/g>/g)].map(([, group]) =>
      [...group.matchAll(/translate\(([\d.]+),([\d.]+)\)/g)].map(([, x, y]) => [Number(x), Number(y)]),
    )
    const [, measured, extrapolated] = dots // after the legend, the panel of times
    expect([measured.length, extrapolated.length]).toEqual([3, 1])
    const [our4096, dense1024, our1024] = measured
    const ours = our1024[1] - our4096[1]
    expect(ours / (our1024[1] - dense1024[1])).toBeCloseTo(Math.log(225.28 / 51.2) / Math.log(2048 / 51.2), 6)
    expect(our4096[0]).toBe(extrapolated[0][0])
    expect(extrapolated[0][1]).toBeLessThan(dense1024[1])
  })

  it('refuses to draw nothing', () => {
    expect(() => drawAttention([])).toThrow('plotAttention: rows must hold at least one row, but is empty.')
  })
})
