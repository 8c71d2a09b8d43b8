import { SwatError } from '@swat-js/tensor-core'
import { median } from './median.js'

/** One of the things that are timed side by side. */
export interface TimedCase {
  /** What it is, unique among the cases. */
  name: string
  /**
   * The work. It must wait for its own results (`await tensor.data()`), else only its launch is timed. It may return
   * milliseconds that it measured itself; else the wall clock around it counts.
   */
  run: () => void | number | Promise<void | number>
  /** Takes part in so many rounds only, and in as many warm-up rounds at most; for slow work. */
  rounds?: number
}

/** What came out for one case. */
export interface TimedResult {
  /** Name of the case. */
  name: string
  /** Median time, milliseconds. */
  medianMs: number
  /** Every round's time, milliseconds, in order. */
  roundsMs: number[]
  /** Median of this case's time divided by the first case's time of the same round. */
  ratioToFirst: number
}

/**
 * Times cases side by side on a noisy machine: after warm-up every round runs each case once, so that a slow minute
 * hits all of them, and ratios are taken within a round.
 *
 * @param cases - at least one, with different names
 * @param options - `rounds`: timed rounds, default 7; `warmUp`: untimed rounds before, default 2; `onRound`: called
 * after each round, warm-up included, with its number from 1
 * @returns a result for each case, in the order given
 * @throws SwatError `benchmark` when there is no case, a name repeats, or there is no round
 */
export async function compareInterleaved(
  cases: readonly TimedCase[],
  options: { rounds?: number; warmUp?: number; onRound?: (round: number) => void } = {},
): Promise<TimedResult[]> {
  const { rounds = 7, warmUp = 2, onRound } = options
  const names = new Set(cases.map(({ name }) => name))
  if (cases.length === 0 || names.size !== cases.length || rounds < 1) {
    throw new SwatError(
      'benchmark',
      `compareInterleaved: expected at least one case, different names and at least 1 round, got ${cases.length} cases ` +
        `named ${[...names].join(', ') || 'nothing'} and ${rounds} rounds.`,
    )
  }
  const times = cases.map((): number[] => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, { run, rounds: most = rounds }] of cases.entries()) {
      if (round >= most || -round > most) continue
      const start = performance.now()
      const own = await run()
      if (round >= 0) times[i].push(own ?? performance.now() - start)
    }
    onRound?.(round + warmUp + 1)
  }
  return cases.map(({ name }, i) => ({
    name,
    medianMs: median(times[i]),
    roundsMs: times[i],
    ratioToFirst: median(times[i].map((time, round) => time / times[0][round])),
  }))
}
