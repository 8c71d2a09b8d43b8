import { SwatError } from '@swat-js/tensor-core'
import { expectCounts, expectGroups } from '../options/expect-counts.js'
import type { AttentionBenchmark, AttentionBenchmarkOptions } from './attention-benchmark.js'

const caller = 'measureAttention'

/**
 * Options with their defaults, checked.
 *
 * @param options - as given
 * @returns all of them
 * @throws SwatError `benchmark` when one makes no sense
 */
export function resolveAttentionOptions(options: AttentionBenchmarkOptions): AttentionBenchmark['options'] {
  const { lengths, window, heads, kvHeads = heads, headDim, batch = 1, rounds = 7, baselineBudget = 30 } = options
  expectCounts(caller, { window, heads, kvHeads, headDim, batch, rounds })
  for (const length of lengths) expectCounts(caller, { length })
  expectGroups(caller, heads, kvHeads)
  if (lengths.length === 0 || new Set(lengths).size < lengths.length) {
    throw new SwatError(
      'benchmark',
      `${caller}: lengths must be different and at least one, but are [${lengths.join(', ')}].`,
    )
  }
  if (!(baselineBudget > 0)) {
    throw new SwatError('benchmark', `${caller}: baselineBudget must be above 0 seconds, but is ${baselineBudget}.`)
  }
  const { activation = 'sigmoid', precision = 'float32', forwardOnly = false, baselines = true } = options
  const sizes = { lengths: [...lengths], window, heads, kvHeads, headDim, batch }
  return { ...sizes, activation, precision, forwardOnly, baselines, baselineBudget, rounds }
}
