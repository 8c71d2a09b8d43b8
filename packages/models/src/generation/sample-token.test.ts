import { createRandom } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { sampleToken } from './sample-token.js'

const logits = [0, 2, -1, 2, 1, -Infinity]

function frequencies(options: { temperature?: number; topK?: number }): number[] {
  const random = createRandom(5)
  const draws = 20_000
  const counts = logits.map(() => 0)
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, { ...options, random })]++
  return counts.map((count) => count / draws)
}

function softmax(values: number[]): number[] {
  const weights = values.map(Math.exp)
  const sum = weights.reduce((a, b) => a + b)
  return weights.map((weight) => weight / sum)
}

function expectFrequencies(actual: number[], expected: number[]): void {
  expected.forEach((share, token) => {
    const fiveDeviations = 5 * Math.sqrt((share * (1 - share)) / 20_000)
    expect(Math.abs(actual[token] - share), `token ${token}`).toBeLessThanOrEqual(fiveDeviations)
  })
}

describe('sampleToken', () => {
  it('takes the first of the most likely tokens at temperature 0', () => {
    expect(sampleToken(logits, { temperature: 0 })).toBe(1)
    expect(sampleToken(Float32Array.of(-5, -3, -4), { temperature: 0 })).toBe(1)
  })

  it('draws from softmax', () => {
    expectFrequencies(frequencies({}), softmax(logits))
  })

  it('draws from softmax at a temperature', () => {
    expectFrequencies(frequencies({ temperature: 2 }), softmax(logits.map((logit) => logit / 2)))
  })

  it('draws from the topK most likely', () => {
    expectFrequencies(frequencies({ topK: 3 }), softmax([-Infinity, 2, -Infinity, 2, 1, -Infinity]))
    expectFrequencies(frequencies({ topK: 1 }), [0, 1, 0, 0, 0, 0])
    expectFrequencies(frequencies({ topK: 99 }), softmax(logits))
  })

  it('survives extreme temperatures and logits', () => {
    expect(sampleToken([1000, 0], { temperature: 1e-9, random: createRandom(1) })).toBe(0)
    expect(sampleToken([-1e30, -1e30 + 1e24], { random: createRandom(1) })).toBe(1)
  })

  it.each([
    [{ temperature: -1 }, /temperature must be a number from 0 upwards, but is -1/],
    [{ temperature: NaN }, /temperature must be/],
    [{ topK: 0, temperature: 0 }, /topK must be a positive integer, but is 0/],
    [{ temperature: 1 }, /random is missing/],
  ])('refuses %j', (options, message) => {
    expect(() => sampleToken(logits, options)).toThrow(message)
  })

  it('refuses logits that are not numbers', () => {
    expect(() => sampleToken([0, NaN], { temperature: 0 })).toThrow(/that of token 1 is NaN/)
    expect(() => sampleToken([Infinity], { temperature: 0 })).toThrow(/that of token 0 is Infinity/)
  })
})
