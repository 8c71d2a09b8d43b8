import { readFileSync } from 'node:fs'
import { sigmoid } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttentionBand } from './attention-band.js'
import { correlation } from './correlation.js'
import { effectiveReach } from './effective-reach.js'
import { largestLogit } from './largest-logit.js'
import { receivedAttention } from './received-attention.js'
import { rowStatistics } from './row-statistics.js'
import { sinkScore } from './sink-score.js'
import { tokenVariance } from './token-variance.js'

interface Tensor {
  shape: number[]
  data: number[]
}

interface GoldenRow {
  sum: number
  entropy_nats: number
  normalised_entropy: number
  effective_keys_exp_entropy: number
  participation_ratio: number
  top1_share: number
  gini: number
  share_below_1pct_of_max: number
  mean_weight: number
}

interface GoldenDiagnostics {
  logits: Tensor
  epsilon: number
  sink: Record<string, { sink: number[]; alpha_first_token: Tensor }>
  row_stats: { logits: number[]; softmax: GoldenRow; sigmoid: GoldenRow }[]
  token_variance: { hidden: Tensor; variance: number[]; received: number[]; pearson: number; spearman: number }
  appendix_a: Record<'L' | 'sigma' | 'predicted_gap' | 'predicted_ratio' | 'monte_carlo_mean_max', number>[]
}

const path = new URL('../../../../test/golden/diagnostics.json', import.meta.url)
const golden = JSON.parse(readFileSync(path, 'utf8')) as GoldenDiagnostics
const close = { relative: 1e-12, absolute: 1e-12 }

const softmax = (logits: readonly number[]) => {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)))
  const sum = exponentials.reduce((sum, value) => sum + value, 0)
  return exponentials.map((value) => value / sum)
}

/** Weights of one head from its logits `[length, length]`, in the window. */
function bandOf(logits: number[][], weigh: (row: number[]) => number[], window = logits.length): AttentionBand {
  const length = logits.length
  const positions = new Int32Array(length * window).fill(-1)
  const weights = new Float64Array(length * window)
  logits.forEach((row, query) => {
    const first = Math.max(0, query - window + 1)
    weigh(row.slice(first, query + 1)).forEach((weight, i) => {
      const at = query * window + window - 1 - (query - first) + i
      positions[at] = first + i
      weights[at] = weight
    })
  })
  return { start: 0, queries: length, heads: 1, columns: window, sinks: 0, positions, weights }
}

const [samples, layers, heads, length] = golden.logits.shape
const matrices = Array.from({ length: samples * layers * heads }, (_, matrix) =>
  Array.from({ length }, (_, query) =>
    golden.logits.data.slice((matrix * length + query) * length, (matrix * length + query + 1) * length),
  ),
)

describe('golden: sinks', () => {
  it.each([
    ['softmax', softmax, undefined, {}],
    ['sigmoid_row_normalised', (row: number[]) => row.map(sigmoid), undefined, { normaliseRows: true }],
    ['softmax_window3_visible_normalised', softmax, 3, { divideBy: 'visible' }],
  ] as const)('%s', (name, weigh, window, options) => {
    const bands = matrices.map((logits) => bandOf(logits, weigh, window))
    const { keys, meanFirstKey } = sinkScore(bands, { epsilon: golden.epsilon, ...options })
    const expected = golden.sink[name]
    expectClose(keys, expected.sink, { ...close, name: 'sink' })
    const first = bands.map((band) => receivedAttention(band, options)[0][0])
    expectClose(first, expected.alpha_first_token.data, { ...close, name: 'alpha of the first token' })
    const mean = expected.alpha_first_token.data.reduce((sum, alpha) => sum + alpha, 0) / first.length
    expect(meanFirstKey).toBeCloseTo(mean, 12)
  })
})

describe('golden: row statistics', () => {
  it.each(golden.row_stats)('$logits', (row) => {
    const compare = (weights: number[], expected: GoldenRow) => {
      const found = rowStatistics(weights)
      expectClose(
        [
          ...[found.sum, found.entropy, found.normalisedEntropy, found.effectiveKeys, found.participationRatio],
          ...[found.topShare, found.gini, found.shareBelow, found.mean],
        ],
        [
          ...[expected.sum, expected.entropy_nats, expected.normalised_entropy, expected.effective_keys_exp_entropy],
          ...[expected.participation_ratio, expected.top1_share, expected.gini, expected.share_below_1pct_of_max],
          expected.mean_weight,
        ],
        close,
      )
      expect(found.keys).toBe(weights.length)
    }
    compare(softmax(row.logits), row.softmax)
    compare(row.logits.map(sigmoid), row.sigmoid)
  })
})

it('golden: token variance and its correlation with received attention', () => {
  const { hidden, variance, received, pearson, spearman } = golden.token_variance
  expectClose(tokenVariance(hidden.data, hidden.shape[1]), variance, close)
  const found = correlation(variance, received)
  expectClose([found.pearson, found.spearman], [pearson, spearman], close)
  const band = matrices.map((logits) => bandOf(logits, softmax)).map((band) => receivedAttention(band)[0])
  expect(Math.min(...band.map((alphas) => worst(alphas, received)))).toBeLessThan(1e-12) // it is that of one head
})

function worst(a: ArrayLike<number>, b: readonly number[]): number {
  return Math.max(...b.map((value, i) => Math.abs(a[i] - value)))
}

describe('golden: appendix A', () => {
  it.each(golden.appendix_a)('L $L, sigma $sigma', (row) => {
    const { gap, ratio, expectedGap } = largestLogit(row.L, row.sigma)
    expectClose([gap], [row.predicted_gap], close)
    expectClose([ratio], [row.predicted_ratio], close)
    expect(Math.abs(expectedGap - row.monte_carlo_mean_max)).toBeLessThan(0.02 * row.sigma)
    expect(expectedGap).toBeLessThan(gap)
  })

  it('the expected largest of few numbers is known: 0, 1/√π, 3/(2√π)', () => {
    const expected = [0, 1 / Math.sqrt(Math.PI), 1.5 / Math.sqrt(Math.PI)]
    expected.forEach((gap, i) => expect(largestLogit(i + 1, 1).expectedGap).toBeCloseTo(gap, 6))
  })

  it.each([
    [0, 1],
    [2.5, 1],
    [4, -1],
    [4, NaN],
  ])('refuses %s keys, sigma %s', (keys, sigma) => {
    expect(() => largestLogit(keys, sigma)).toThrow(`but are ${keys} and ${sigma}.`)
  })
})

describe('properties', () => {
  const weights = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 })

  it('row statistics: order and scale do not matter, copies double the keys', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0.1, max: 9, noNaN: true }), (row, factor) => {
        const found = rowStatistics(row)
        const scaled = rowStatistics(row.toReversed().map((weight) => factor * weight))
        for (const key of ['entropy', 'normalisedEntropy', 'participationRatio', 'topShare', 'gini'] as const) {
          expect(scaled[key]).toBeCloseTo(found[key], 9)
        }
        expect(scaled.sum).toBeCloseTo(factor * found.sum, 9)
        const twice = rowStatistics([...row, ...row])
        expect(twice.effectiveKeys).toBeCloseTo(2 * found.effectiveKeys, 9)
        expect(twice.participationRatio).toBeCloseTo(2 * found.participationRatio, 9)
        expect(twice.gini).toBeCloseTo(found.gini, 9)
        expect(found.participationRatio).toBeLessThanOrEqual(found.effectiveKeys + 1e-9)
      }),
    )
  })

  it('row statistics at the ends: one key, one key that has everything, nothing at all', () => {
    expect(rowStatistics([0.2])).toMatchObject({ keys: 1, entropy: 0, normalisedEntropy: 1, gini: 0, effectiveKeys: 1 })
    expect(rowStatistics([0, 3, 0, 0])).toMatchObject({ entropy: 0, topShare: 1, gini: 0.75, shareBelow: 0.75 })
    expect(rowStatistics([0, 0])).toMatchObject({ sum: 0, mean: 0, topShare: NaN, gini: NaN, shareBelow: NaN })
    expect(() => rowStatistics([])).toThrow('weights must hold one at least, but is empty')
  })

  it('sinks: the first key in the window is the first key where there is no window, and moves with the window', () => {
    const whole = matrices.map((logits) => bandOf(logits, softmax))
    const score = sinkScore(whole)
    expect(score.firstInWindow).toBe(score.keys[0])
    expect(score.meanFirstInWindow).toBeCloseTo(score.meanFirstKey, 12)
    // Logits that favour the key two places back.
    const back = Array.from({ length: 10 }, (_, m) => Array.from({ length: 10 }, (_, n) => (m - n === 2 ? 9 : 0)))
    const windowed = sinkScore([bandOf(back, softmax, 3)])
    expect(windowed.keys[0]).toBe(0) // 1 + 1/2 + almost 1, over 10 queries
    expect(windowed.firstInWindow).toBe(1)
    expect(windowed.meanFirstInWindow).toBeCloseTo((1 + 0.5 + 8 * (Math.exp(9) / (Math.exp(9) + 2))) / 10, 12)
    const fair = sinkScore([bandOf(back, softmax, 3)], { divideBy: 'visible' })
    expect(fair.meanFirstKey).toBeCloseTo((1 + 0.5 + Math.exp(9) / (Math.exp(9) + 2)) / 3, 12)
    expect(() => sinkScore([])).toThrow('bands must be of one length, but there are: none')
  })

  it('sinks: columns beside the window count as keys, not as the first in the window', () => {
    // Window 2 and one sink: query 3 sees keys 0, 2, 3.
    const positions = Int32Array.from([-1, -1, 0, -1, 0, 1, 0, 1, 2, 0, 2, 3])
    const weights = [0, 0, 1, 0, 0.5, 0.5, 0.8, 0.1, 0.1, 0.7, 0.2, 0.1]
    const band = { start: 0, queries: 4, heads: 1, columns: 3, sinks: 1, positions, weights }
    const score = sinkScore([band])
    expect(score.meanFirstKey).toBeCloseTo((1 + 0.5 + 0.8 + 0.7) / 4, 12)
    expect(score.meanFirstInWindow).toBeCloseTo((1 + 0.5 + 0.1 + 0.2) / 4, 12)
  })

  it('received attention of a stretch counts its own tokens only', () => {
    const positions = Int32Array.from([4, 5, 5, 6])
    const band = { start: 5, queries: 2, heads: 1, columns: 2, sinks: 0, positions, weights: [0.9, 0.1, 0.3, 0.7] }
    expect(receivedAttention(band)).toEqual([Float64Array.from([0.2, 0.7])])
    const [normalised] = receivedAttention({ ...band, weights: [1.8, 0.2, 0.6, 1.4] }, { normaliseRows: true })
    expectClose(normalised, [0.2, 0.7], { relative: 1e-7 })
  })

  it('correlation: 1 with itself, −1 with its opposite, ranks along any rising curve, means for equal numbers', () => {
    const list = [3, 1, 4, 1, 5, 9, 2, 6]
    expect(correlation(list, list).pearson).toBeCloseTo(1, 12)
    expect(correlation(list, list.map((value) => -2 * value)).pearson).toBeCloseTo(-1, 12) // prettier-ignore
    expect(correlation(list, list.map((value) => value ** 5)).spearman).toBeCloseTo(1, 12) // prettier-ignore
    expect(correlation([1, 1, 2], [1, 2, 3]).spearman).toBeCloseTo(Math.sqrt(3) / 2, 12)
    expect(correlation([1, 1], [1, 2]).pearson).toBeNaN()
  })

  it('effective reach: where the share of influence is first held', () => {
    expect(effectiveReach([5, 3, 1, 1], 0.5)).toBe(0)
    expect(effectiveReach([5, 3, 1, 1], 0.51)).toBe(1)
    expect(effectiveReach([5, 3, 1, 1], 0.9)).toBe(2)
    expect(effectiveReach([0, 0, 2, 0], 0.1)).toBe(2)
    expect(effectiveReach([0, 0], 0.5)).toBeNaN()
    expect(() => effectiveReach([1], 0)).toThrow('share must be above 0 and at most 1, but is 0')
  })
})
