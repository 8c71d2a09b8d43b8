import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { constantSchedule, cosineSchedule, nanoGptSchedule } from './schedules.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/schedules.json', import.meta.url), 'utf8'))

interface HuggingFaceRun {
  warmup: number
  total: number
  peak_lr: number
  min_lr_rate: number
  values: { step: number; lr: number }[]
}

interface NanoGptRun {
  warmup_iters: number
  lr_decay_iters: number
  learning_rate: number
  min_lr: number
  values: { it: number; lr: number }[]
}

function expectRate(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * expected)
}

describe.each(golden.hf as HuggingFaceRun[])(
  'cosineSchedule: $warmup of $total steps to $peak_lr',
  ({ warmup, total, peak_lr, min_lr_rate, values }) => {
    const settings = { peak: peak_lr, warmupSteps: warmup, totalSteps: total, minimumRatio: min_lr_rate }
    it.each(values)('step $step', ({ step, lr }) => expectRate(cosineSchedule(settings)(step), lr))
    it('stays at the minimum afterwards', () => expectRate(cosineSchedule(settings)(2 * total), peak_lr * min_lr_rate))
  },
)

describe.each(golden.nanogpt as NanoGptRun[])(
  'nanoGptSchedule: $warmup_iters of $lr_decay_iters steps to $learning_rate',
  ({ warmup_iters, lr_decay_iters, learning_rate, min_lr, values }) => {
    const settings = {
      peak: learning_rate,
      minimum: min_lr,
      warmupSteps: warmup_iters,
      decaySteps: lr_decay_iters,
    }
    it.each(values)('iteration $it', ({ it, lr }) => expectRate(nanoGptSchedule(settings)(it), lr))
  },
)

it('constantSchedule is constant', () => {
  expect([0, 1, 1e6].map(constantSchedule(3e-4))).toEqual([3e-4, 3e-4, 3e-4])
})

it('refuses a warm-up longer than the whole', () => {
  const settings = { peak: 1, warmupSteps: 11, totalSteps: 10, minimumRatio: 0.1 }
  expect(() => cosineSchedule(settings)).toThrow(
    'cosineSchedule: warmupSteps must be from 0 to totalSteps, but warmupSteps is 11 and totalSteps is 10.',
  )
})
