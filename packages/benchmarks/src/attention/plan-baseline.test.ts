import { describe, expect, it } from 'vitest'
import type { AttentionShape } from './attention-problem.js'
import { affordableRounds, planBaseline } from './plan-baseline.js'

const whole: AttentionShape = {
  batch: 2,
  heads: 8,
  kvHeads: 4,
  headDim: 64,
  length: 4096,
  window: 128,
  activation: 'sigmoid',
}
const probe = {
  shape: { ...whole, batch: 1, heads: 2, kvHeads: 1, length: 512 },
  seconds: 0.01,
  scratchBytes: 1e6,
}
const ample = { seconds: 1e6, bytes: 1e12, tensorBytes: 1e12 }

describe('planBaseline', () => {
  // The whole: 64 times the pairs of the probe, 8 groups of heads: 5.12 s, 512 MB. A round and a warm-up: 3 calls.
  it('takes the whole where that fits', () => {
    expect(planBaseline(whole, probe, ample)).toEqual({ shape: whole, groupsPerPart: 4, factor: 1, seconds: 5.12 })
    expect(planBaseline(whole, probe, { ...ample, seconds: 15.4, bytes: 5.12e8 })).toMatchObject({ factor: 1 })
  })

  it('goes through the heads one after the other where memory demands it', () => {
    expect(planBaseline(whole, probe, { ...ample, bytes: 5e8 })).toMatchObject({ groupsPerPart: 1, factor: 1 })
    const oneGroup = 4 * 2 * 2 * 4096 ** 2
    expect(planBaseline(whole, probe, { ...ample, tensorBytes: oneGroup })).toMatchObject({
      groupsPerPart: 1,
      factor: 1,
    })
  })

  it('takes one group of heads of one sequence, then half the length, where time demands it', () => {
    expect(planBaseline(whole, probe, { ...ample, seconds: 2 })).toMatchObject({
      shape: { batch: 1, heads: 2, kvHeads: 1, length: 4096 },
      factor: 8,
      seconds: 0.64,
    })
    expect(planBaseline(whole, probe, { ...ample, seconds: 0.5 })).toMatchObject({
      shape: { batch: 1, heads: 2, kvHeads: 1, length: 2048 },
      factor: 32,
      seconds: 0.16,
    })
  })

  it('gives the reason where nothing fits', () => {
    expect(planBaseline(whole, probe, { ...ample, seconds: 0.001 })).toEqual({
      reason: '2 of 8 heads at length 256 would take some 1 s, and the budget is 0.001 s',
    })
    expect(planBaseline(whole, probe, { ...ample, bytes: 1 })).toEqual({
      reason: '2 of 8 heads at length 256 would need some 0.0 GiB, and 0.0 GiB are there for it',
    })
  })
})

describe('affordableRounds', () => {
  it('keeps to the budget, one warm-up round included, but never below one', () => {
    expect(affordableRounds(1, 30, 7)).toBe(7)
    expect(affordableRounds(4, 30, 7)).toBe(4)
    expect(affordableRounds(100, 30, 7)).toBe(1)
  })
})
