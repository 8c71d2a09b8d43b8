import { compareInterleaved } from '../timing/compare-interleaved.js'
import { bestClock, roundRatio } from '../timing/timed-calls.js'
import type { AttentionBenchmark, AttentionGrowth } from './attention-benchmark.js'
import { attentionProblem, type AttentionShape } from './attention-problem.js'
import type { AttentionRow } from './attention-row.js'
import { kernelAttention, timedPass } from './contender.js'
import { groupsThatFit } from './device-limits.js'

/** At most so many short calls stand against one long call. */
const mostRepeats = 64

/**
 * Times our kernel at the shortest and at the longest length in turn, round by round, both with about as many tokens:
 * lengths that are measured minutes apart would compare the moods of the machine.
 *
 * @param settings - of the benchmark
 * @param rows - of our kernel, one for each length, checked and measured
 * @param options - warm-up rounds; what is called after each round
 * @returns how time and memory per token grow; null for a single length
 */
export async function measureGrowth(
  settings: AttentionBenchmark['options'],
  rows: readonly AttentionRow[],
  options: { warmUp: number; onRound: (round: number) => void },
): Promise<AttentionGrowth | null> {
  const sorted = [...rows].sort((a, b) => a.length - b.length)
  const [shortest, longest] = [sorted[0], sorted[sorted.length - 1]]
  if (shortest === longest) return null
  const { batch, heads, kvHeads, headDim, window, activation, precision, forwardOnly, rounds } = settings
  const pass = forwardOnly ? 'forward' : 'total'
  const disposals: (() => void)[] = []
  try {
    const cases = [shortest, longest].flatMap(({ length }) => {
      const shape: AttentionShape = { batch, heads, kvHeads, headDim, length, window, activation }
      const problem = attentionProblem(shape, { gradients: !forwardOnly, groupsPerPart: groupsThatFit(shape) })
      disposals.push(problem.dispose)
      const attend = kernelAttention(problem, { precision })
      const repeats = Math.min(mostRepeats, Math.round(longest.length / length))
      return timedPass({ name: String(length), problem, attend, pass, repeats, rounds })
    })
    const results = await compareInterleaved(cases, { rounds, ...options })
    const ratio = roundRatio(results, String(longest.length), String(shortest.length), bestClock())
    const bytesPerToken = ({ peakBytes, length }: AttentionRow) => (peakBytes ?? NaN) / length
    return {
      from: shortest.length,
      to: longest.length,
      timePerToken: (ratio * shortest.length) / longest.length,
      bytesPerToken: bytesPerToken(longest) / bytesPerToken(shortest),
    }
  } finally {
    for (const dispose of disposals) dispose()
  }
}
