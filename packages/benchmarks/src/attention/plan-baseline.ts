import type { AttentionShape } from './attention-problem.js'

/** What a call on a small problem took. */
export interface BaselineProbe {
  /** The small problem: one group of heads of one sequence. */
  shape: AttentionShape
  /** Seconds of one call. */
  seconds: number
  /** Bytes it held at most beyond inputs and results. */
  scratchBytes: number
}

/** How large a baseline is run. */
export interface BaselinePlan {
  /** The problem to run. */
  shape: AttentionShape
  /** Key heads that are computed at a time. */
  groupsPerPart: number
  /** What its times are multiplied by to stand for the whole problem. */
  factor: number
  /** Seconds that one call will take. */
  seconds: number
}

/** A round measures a forward pass and a whole one; there is one warm-up round at least. */
const callsPerRound = 1.5

/** Shorter problems say little about a long one. */
const shortest = 256

/**
 * Finds the largest problem of a baseline, whose time and memory grow with length², that fits into memory and time: all
 * heads at once, else one group of heads after the other, else one group only, else that at half the length, and so on.
 *
 * @param whole - the problem that the baseline should stand for
 * @param probe - what a small one took
 * @param limits - `seconds` for a warm-up and a timed round; `bytes` of working memory; `tensorBytes` of one matrix of
 * logits
 * @returns the plan, or the reason why there is none
 */
export function planBaseline(
  whole: AttentionShape,
  probe: BaselineProbe,
  limits: { seconds: number; bytes: number; tensorBytes: number },
): BaselinePlan | { reason: string } {
  const { batch, heads, kvHeads, length, window } = whole
  const group = heads / kvHeads
  const lengths = [length]
  const least = Math.max(shortest, 2 * (window ?? 1))
  while (lengths[lengths.length - 1] / 2 >= least) lengths.push(Math.floor(lengths[lengths.length - 1] / 2))
  const oneGroup = { ...whole, batch: 1, heads: group, kvHeads: 1 }
  const candidates: [AttentionShape, groupsPerPart: number][] = [
    [whole, kvHeads],
    [whole, 1],
    ...lengths.map((length): [AttentionShape, number] => [{ ...oneGroup, length }, 1]),
  ]
  let reason = ''
  for (const [shape, groupsPerPart] of candidates) {
    const pairs = (shape.length / probe.shape.length) ** 2
    const seconds = probe.seconds * pairs * shape.batch * shape.kvHeads
    const bytes = probe.scratchBytes * pairs * shape.batch * groupsPerPart
    const matrixBytes = 4 * shape.batch * groupsPerPart * group * shape.length ** 2
    const needed = bytes > limits.bytes ? bytes : matrixBytes
    const allowed = bytes > limits.bytes ? limits.bytes : limits.tensorBytes
    const tooSlow = 2 * callsPerRound * seconds > limits.seconds
    if (!tooSlow && needed <= allowed) {
      const factor = ((batch * kvHeads) / (shape.batch * shape.kvHeads)) * (length / shape.length) ** 2
      return { shape, groupsPerPart, factor, seconds }
    }
    const what = `${shape.heads === heads ? `${heads} heads` : `${group} of ${heads} heads`} at length ${shape.length}`
    const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
    reason = !tooSlow
      ? `${what} would need some ${gibibytes(needed)}, and ${gibibytes(allowed)} are there for it`
      : `${what} would take some ${Math.ceil(2 * callsPerRound * seconds)} s, and the budget is ${limits.seconds} s`
  }
  return { reason }
}

/**
 * How many rounds fit into the budget, besides one warm-up round.
 *
 * @param seconds - of one call
 * @param budget - in seconds
 * @param most - rounds that are wanted
 * @returns from 1 to `most`
 */
export function affordableRounds(seconds: number, budget: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(budget / (callsPerRound * seconds)) - 1))
}
