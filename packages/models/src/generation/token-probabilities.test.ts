import fc from 'fast-check'
import { createRandom } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { sampleToken } from './sample-token.js'
import type { SamplingOptions } from './sampling-options.js'
import { tokenProbabilities } from './token-probabilities.js'

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)

/** Logits of natural size, often equal, some impossible. */
const someLogits = fc
  .array(fc.oneof(fc.double({ min: -20, max: 20, noNaN: true }), fc.constantFrom(0, 1, 2), fc.constant(-Infinity)), {
    minLength: 1,
    maxLength: 40,
  })
  .filter((logits) => logits.some(Number.isFinite))
const share = fc.double({ min: 0.01, max: 1, noNaN: true })
const someOptions: fc.Arbitrary<SamplingOptions> = fc.record(
  {
    repetitionPenalty: fc.double({ min: 0.5, max: 3, noNaN: true }),
    temperature: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 5, noNaN: true })),
    topK: fc.integer({ min: 1, max: 50 }),
    topP: share,
    minP: fc.oneof(fc.constant(0), share),
  },
  { requiredKeys: [] },
)
const someSeen = fc.array(fc.nat(39)).map((tokens) => new Set(tokens))

describe('tokenProbabilities', () => {
  it('adds up to 1, has the likeliest token, and no token before a likelier one', () => {
    fc.assert(
      fc.property(someLogits, someOptions, someSeen, (logits, options, seen) => {
        const { repetitionPenalty = 1 } = options
        const probabilities = tokenProbabilities(logits, options, seen)
        expect(Math.abs(sum(probabilities) - 1)).toBeLessThan(1e-12)
        const penalised = logits.map((logit, token) =>
          !seen.has(token) ? logit : logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty,
        )
        const best = penalised.indexOf(Math.max(...penalised))
        expect(probabilities[best]).toBe(Math.max(...probabilities))
        expect(probabilities[best]).toBeGreaterThan(0)
        const kept = penalised.filter((_, token) => probabilities[token] > 0)
        const taken = penalised.filter((logit, token) => probabilities[token] === 0 && logit > -700)
        if (options.temperature !== 0) expect(Math.max(-Infinity, ...taken)).toBeLessThanOrEqual(Math.min(...kept))
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('topK keeps so many, topP the fewest that reach p, minP those within a share of the likeliest', () => {
    fc.assert(
      fc.property(someLogits, fc.integer({ min: 1, max: 50 }), share, share, (logits, topK, topP, minP) => {
        const all = tokenProbabilities(logits)
        const possible = all.filter((probability) => probability > 0).length
        const kept = (options: SamplingOptions) => {
          const probabilities = tokenProbabilities(logits, options)
          return Array.from(all).filter((_, token) => probabilities[token] > 0)
        }
        expect(kept({ topK })).toHaveLength(Math.min(topK, possible))
        const nucleus = kept({ topP })
        expect(sum(nucleus)).toBeGreaterThan(topP - 1e-12)
        expect(sum(nucleus) - Math.min(...nucleus)).toBeLessThan(topP + 1e-12)
        const largest = Math.max(...all)
        const likely = kept({ minP })
        expect(Math.min(...likely)).toBeGreaterThan(minP * largest * (1 - 1e-12))
        expect(all.filter((probability) => probability > minP * largest * (1 + 1e-12)).length).toBeLessThanOrEqual(
          likely.length,
        )
      }),
      { numRuns: 500, seed: 2 },
    )
  })

  it('keeps the shares of the tokens that stay', () => {
    const logits = [0, 3, 1, 2].map((x) => Math.log(2) * x) // 1, 8, 2, 4 of 15
    expect([...tokenProbabilities(logits)].map((p) => Math.round(p * 15))).toEqual([1, 8, 2, 4])
    const expectShares = (options: SamplingOptions, shares: number[]) => {
      const expected = shares.map((share) => share / sum(shares))
      tokenProbabilities(logits, options).forEach((p, token) => expect(p).toBeCloseTo(expected[token], 12))
    }
    expectShares({ topK: 2 }, [0, 8, 0, 4])
    expectShares({ topP: 0.5 }, [0, 8, 0, 0]) // 8/15 reaches a half
    expectShares({ topP: 0.54 }, [0, 8, 0, 4])
    expectShares({ topP: 13 / 15 }, [0, 8, 2, 4])
    expectShares({ minP: 0.25 }, [0, 8, 2, 4])
    expectShares({ minP: 0.26 }, [0, 8, 0, 4])
    expectShares({ temperature: 0.5, minP: 0.2 }, [0, 64, 0, 16]) // the temperature comes first
    expectShares({ topK: 3, topP: 0.8 }, [0, 8, 0, 4]) // 12/14 of what topK left, 12/15 of all
    expectShares({ temperature: 0 }, [0, 1, 0, 0])
  })

  it('penalises what was there, once, by the sign of its logit', () => {
    const seen = new Set([0, 1])
    const logits = [2, -1, 1.5, -0.5]
    const penalised = tokenProbabilities([1, -2, 1.5, -0.5])
    expect(tokenProbabilities(logits, { repetitionPenalty: 2 }, seen)).toEqual(penalised)
    expect(sampleToken(logits, { repetitionPenalty: 2, temperature: 0 }, seen)).toBe(2)
    expect(tokenProbabilities(logits, { repetitionPenalty: 1 })).toEqual(tokenProbabilities(logits))
  })

  it('takes the tokens with the lower ids among equals, wherever they stand', () => {
    expect([...tokenProbabilities([1, 5, 5, 5, 5], { topK: 2 })]).toEqual([0, 0.5, 0.5, 0, 0])
    expect([...tokenProbabilities([5, 5, 1, 5, 5], { topP: 0.6 }).map(Math.sign)]).toEqual([1, 1, 0, 1, 0])
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 2), { minLength: 1 }),
        fc.integer({ min: 1, max: 12 }),
        (logits, topK) => {
          const order = logits.map((_, token) => token).sort((a, b) => logits[b] - logits[a] || a - b)
          const kept = [...tokenProbabilities(logits, { topK })].flatMap((p, token) => (p > 0 ? [token] : []))
          expect(kept).toEqual(order.slice(0, topK).sort((a, b) => a - b))
        },
      ),
      { seed: 3 },
    )
  })

  it('draws what it says, and the seed decides', () => {
    const logits = [0.5, 2, -1, 1, 1]
    const options = { temperature: 0.9, topK: 4, topP: 0.95, minP: 0.1, repetitionPenalty: 1.3 }
    const seen = new Set([1])
    const draws = (seed: number, count: number) => {
      const random = createRandom(seed)
      return Array.from({ length: count }, () => sampleToken(logits, { ...options, random }, seen))
    }
    expect(draws(1, 50)).toEqual(draws(1, 50))
    expect(draws(1, 50)).not.toEqual(draws(2, 50))
    const drawn = draws(3, 20_000)
    tokenProbabilities(logits, options, seen).forEach((p, token) => {
      const frequency = drawn.filter((other) => other === token).length / drawn.length
      expect(Math.abs(frequency - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / drawn.length))
    })
  })

  it.each<[SamplingOptions, RegExp]>([
    [{ topP: 0 }, /topP must be a number above 0 and at most 1, but is 0\. Leave it out/],
    [{ topP: 1.1 }, /topP must be/],
    [{ minP: -0.1 }, /minP must be a number from 0 to 1, but is -0\.1/],
    [{ minP: NaN }, /minP must be/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty must be a number above 0 \(1 changes nothing\), but is 0/],
    [{ repetitionPenalty: Infinity }, /repetitionPenalty must be/],
    [{ repetitionPenalty: 1.5 }, /needs the tokens of the text so far/],
    [{ topK: 1.5 }, /topK must be a positive integer, but is 1\.5/],
  ])('refuses %j', (options, message) => {
    expect(() => tokenProbabilities([1, 2], options)).toThrow(message)
  })

  it('refuses logits of which no token is possible', () => {
    expect(() => tokenProbabilities([-Infinity, -Infinity])).toThrow('logits must be finite, but none of them is')
  })
})
