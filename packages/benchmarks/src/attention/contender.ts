import { swatAttention } from '@swat-js/swat-attention'
import { type KernelName, type KernelPolicy, type Precision, SwatError } from '@swat-js/tensor-core'
import { peakMemory, type PeakMemory } from '../memory/peak-memory.js'
import { tolerances } from '../reference/tolerances.js'
import type { TimedCase } from '../timing/compare-interleaved.js'
import { type Calls, repeatsFor, timedCalls } from '../timing/timed-calls.js'
import { type Attend, type AttentionResult, disposeResults, runAttention, settleResults } from './attention-method.js'
import type { AttentionProblem } from './attention-problem.js'
import type { AttentionKind } from './attention-row.js'
import { attentionErrors, type AttentionReference } from './verify-attention.js'

/** One way to compute a problem. */
export interface Contender {
  /** What it is. */
  kind: AttentionKind
  /** Which of our kernels; null for attention of TensorFlow.js ops. */
  kernel: KernelName | null
  /** What it may compute in. */
  precision: Precision
  /** How it computes. */
  attend: Attend
  /** What it computes. */
  problem: AttentionProblem
  /** What must come out. */
  reference: AttentionReference
}

/** A pass that is timed. */
export type Pass = 'forward' | 'total'

/** A contender that computes the right thing, and what its first calls took. */
export interface PreparedContender extends Contender {
  /** Forward alone, or the whole too. */
  passes: readonly Pass[]
  /** Memory of the first call of the last pass. */
  memory: PeakMemory
  /** Largest error against the reference. */
  maxError: number
  /** Seconds of one call of the last pass. */
  seconds: number
  /** Calls in a row that the wall clock measures together. */
  repeats: number
}

/**
 * Our attention with a kernel policy.
 *
 * @param problem - gives window and activation
 * @param kernels - the policy
 * @returns the attention
 */
export function kernelAttention({ shape: { window, activation } }: AttentionProblem, kernels: KernelPolicy): Attend {
  return ({ queries, keys, values }, { slopes }) =>
    swatAttention(queries, keys, values, { window, activation, slopes, kernels })
}

/**
 * Lets a contender run, compares what comes out with the reference, and finds how long and how much memory it takes.
 *
 * @param contender - what to run
 * @param forwardOnly - whether it runs without gradients
 * @returns the contender with its figures
 * @throws SwatError `benchmark` when it computes something else than the reference
 */
export async function prepareContender(contender: Contender, forwardOnly: boolean): Promise<PreparedContender> {
  const { problem, reference, attend } = contender
  const passes: Pass[] = forwardOnly ? ['forward'] : ['forward', 'total']
  const pass = passes[passes.length - 1]
  const { result: results, memory } = await peakMemory(async () => {
    const results = runAttention(problem, attend, pass)
    await settleResults(results)
    return results
  })
  const errors = await attentionErrors(results, reference)
  disposeResults(results)
  expectSmall(contender, errors)

  const start = performance.now()
  const again = runAttention(problem, attend, pass)
  await settleResults(again)
  const milliseconds = performance.now() - start
  disposeResults(again)
  return {
    ...contender,
    passes,
    memory,
    maxError: Math.max(errors.output, errors.gradients ?? 0),
    seconds: milliseconds / 1000,
    repeats: repeatsFor(milliseconds),
  }
}

function expectSmall(contender: Contender, errors: { output: number; gradients: number | null }): void {
  const { kind, precision, problem } = contender
  const { length, window } = problem.shape
  // The rounding of a sum grows with the root of its terms; TensorFlow.js's own ops round more often than our kernels.
  const terms = Math.sqrt(Math.max(1, Math.min(window ?? length, length) / 1024))
  const factor = terms * (kind === 'dense' ? 10 : 1)
  for (const name of ['output', 'gradients'] as const) {
    const [error, allowed] = [errors[name] ?? 0, tolerances[precision][name] * factor]
    if (error <= allowed) continue
    throw new SwatError(
      'benchmark',
      `measureAttention: ${contenderName(contender)} at length ${length} computes something else than the reference: ` +
        `${name} ${name === 'output' ? 'is' : 'are'} off by ${error.toExponential(1)} of the largest magnitude, allowed is ` +
        `${allowed.toExponential(1)} (${contender.reference.rows}). A wrong kernel is not timed; please report it.`,
    )
  }
}

/**
 * What a contender is called in tables.
 *
 * @param contender - or its row
 */
export function contenderName({ kind, kernel }: { kind: AttentionKind; kernel: KernelName | null }): string {
  if (kind === 'dense') return 'dense TensorFlow.js'
  return kind === 'full' ? `${kernel}, full attention` : `${kernel}`
}

/**
 * The passes of a contender, ready to be timed; named by {@link passName}.
 *
 * @param contender - prepared
 * @param rounds - how often each is timed
 * @returns cases for `compareInterleaved`
 */
export function timedPasses(contender: PreparedContender, rounds: number): TimedCase[] {
  return contender.passes.flatMap((pass) => timedPass({ ...contender, name: passName(contender, pass), pass, rounds }))
}

/** A pass over a problem, to be timed. */
export interface TimedPass extends Pick<Calls, 'name' | 'repeats' | 'rounds'> {
  /** What it computes. */
  problem: AttentionProblem
  /** How it computes. */
  attend: Attend
  /** Which pass. */
  pass: Pass
}

/**
 * One pass, ready to be timed.
 *
 * @param pass - what, how and how often
 * @returns cases for `compareInterleaved`, one for each clock
 */
export function timedPass({ name, problem, attend, pass, repeats, rounds }: TimedPass): TimedCase[] {
  let results: AttentionResult[] = []
  return timedCalls({
    name,
    call: () => void (results = runAttention(problem, attend, pass)),
    finish: () => settleResults(results),
    free: () => disposeResults(results),
    repeats,
    rounds,
  })
}

/**
 * Names a pass.
 *
 * @param contender - whose it is
 * @param pass - which pass
 */
export function passName(contender: Contender, pass: Pass): string {
  return `${contenderName(contender)}, ${pass}`
}
