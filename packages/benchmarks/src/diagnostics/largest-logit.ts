import { SwatError } from '@swat-js/tensor-core'

/** What independent normal logits lead to under softmax. */
export interface LargestLogit {
  /** How far the largest logit lies above the mean, by the formula: an upper limit that is reached slowly. */
  gap: number
  /** Weight of a typical key over that of the largest one, by the formula. */
  ratio: number
  /** Expectation of the largest logit, computed by integration: what `gap` tends to. */
  expectedGap: number
}

/**
 * Why softmax is sparse (SWAT appendix A, spec 8.3): of L independent normal logits the largest is about `σ√(2 ln L)`
 * above the mean, so that a typical key has `e^(−σ√(2 ln L))` of its weight.
 *
 * @param keys - how many keys, L; one at least
 * @param sigma - standard deviation of the logits
 * @returns see {@link LargestLogit}
 * @throws SwatError `diagnostics` when a number makes no sense
 */
export function largestLogit(keys: number, sigma: number): LargestLogit {
  if (!Number.isInteger(keys) || keys < 1 || !(sigma >= 0 && sigma < Infinity)) {
    throw new SwatError(
      'diagnostics',
      `largestLogit: keys must be a positive integer and sigma a number of at least 0, but are ${keys} and ${sigma}.`,
    )
  }
  const gap = sigma * Math.sqrt(2 * Math.log(keys))
  return { gap, ratio: Math.exp(-gap), expectedGap: sigma * expectedMaximum(keys) }
}

/** Of so many standard normal numbers: ∫ (1 for x > 0, else 0) − Φ(x)^count dx, by the trapezoid rule. */
function expectedMaximum(count: number): number {
  const [limit, step] = [12, 1e-3]
  const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
  let [below, integral] = [0, 0]
  for (let i = 0; i < (2 * limit) / step; i++) {
    const x = -limit + i * step
    const next = below + (step * (density(x) + density(x + step))) / 2
    const above = x + step / 2 > 0 ? 1 : 0
    integral += step * (above - (below ** count + next ** count) / 2)
    below = next
  }
  return integral
}
