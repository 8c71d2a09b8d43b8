import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenLogProbabilities } from './token-log-probabilities.js'
import { tokenProbabilities } from './token-probabilities.js'

describe('tokenLogProbabilities', () => {
  it('is the logarithm of softmax', () => {
    const logits = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(logits, fc.nat(), fc.nat(40), (logits, n, count) => {
        const token = n % logits.length
        const probabilities = tokenProbabilities(logits)
        const { logProbability, likeliest } = tokenLogProbabilities(logits, token, count)
        expect(Math.exp(logProbability)).toBeCloseTo(probabilities[token], 12)
        const order = logits.map((_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b)
        expect(likeliest.map((other) => other.token)).toEqual(order.slice(0, count))
        for (const other of likeliest)
          expect(Math.exp(other.logProbability)).toBeCloseTo(probabilities[other.token], 12)
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('survives large logits', () => {
    expect(tokenLogProbabilities([1e30, 0, -Infinity], 1, 1)).toEqual({
      logProbability: -1e30,
      likeliest: [{ token: 0, logProbability: 0 }],
    })
    expect(tokenLogProbabilities([0, -Infinity], 1, 0)).toEqual({ logProbability: -Infinity, likeliest: [] })
  })
})
