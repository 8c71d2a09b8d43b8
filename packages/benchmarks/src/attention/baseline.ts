import { type KernelName, type Precision, SwatError } from '@swat-js/tensor-core'
import { peakMemory } from '../memory/peak-memory.js'
import { type Attend, disposeResults, runAttention, settleResults } from './attention-method.js'
import { attentionProblem, type AttentionProblem, type AttentionShape, resultBytes } from './attention-problem.js'
import { kernelAttention, type PreparedContender, prepareContender } from './contender.js'
import { denseAttention } from './dense-attention.js'
import { deviceLimits } from './device-limits.js'
import { type BaselinePlan, type BaselineProbe, planBaseline } from './plan-baseline.js'
import { attentionReference } from './verify-attention.js'

/** A baseline whose time grows with length². */
export interface QuadraticBaseline {
  /** Which. */
  kind: 'dense' | 'full'
  /** The kernel that runs full attention; null for dense attention. */
  kernel: KernelName | null
  /** What that kernel may compute in. */
  precision: Precision
}

/** Tokens of the small problem from which time and memory are foreseen. */
const probeLength = 512

/**
 * Prepares a baseline at the largest size that fits into memory and time.
 *
 * @param baseline - which
 * @param shape - the problem that it should stand for
 * @param options - whether it runs without gradients; seconds it may take
 * @param disposals - gets functions that free what is held from now on
 * @returns the contender and its plan, or the reason why it is skipped
 */
export async function prepareBaseline(
  baseline: QuadraticBaseline,
  shape: AttentionShape,
  { forwardOnly, budget }: { forwardOnly: boolean; budget: number },
  disposals: (() => void)[],
): Promise<{ contender: PreparedContender; plan: BaselinePlan } | { reason: string }> {
  const probe = await probeBaseline(baseline, shape, forwardOnly)
  const plan = planBaseline(shape, probe, { seconds: budget, ...deviceLimits() })
  if ('reason' in plan) return plan
  const problem = attentionProblem(plan.shape, { gradients: !forwardOnly, groupsPerPart: plan.groupsPerPart })
  disposals.push(problem.dispose)
  const reference = await attentionReference(problem)
  const { attend, dispose } = baselineAttention(baseline, problem)
  disposals.push(dispose)
  try {
    const contender = await prepareContender({ ...baseline, attend, problem, reference }, forwardOnly)
    return { contender, plan }
  } catch (error) {
    // A GPU does not tell beforehand how much memory it has.
    if (error instanceof SwatError && error.code === 'gpu') return { reason: error.message }
    throw error
  }
}

function baselineAttention(
  { kind, precision }: QuadraticBaseline,
  problem: AttentionProblem,
): { attend: Attend; dispose: () => void } {
  if (kind === 'dense') return denseAttention(problem.shape)
  return { attend: kernelAttention(problem, { precision }), dispose: () => {} }
}

/** One group of heads of one short sequence. */
async function probeBaseline(
  baseline: QuadraticBaseline,
  whole: AttentionShape,
  forwardOnly: boolean,
): Promise<BaselineProbe> {
  const length = Math.min(whole.length, probeLength)
  const shape = { ...whole, batch: 1, heads: whole.heads / whole.kvHeads, kvHeads: 1, length }
  const problem = attentionProblem(shape, { gradients: !forwardOnly, groupsPerPart: 1 })
  const { attend, dispose } = baselineAttention(baseline, problem)
  const pass = forwardOnly ? 'forward' : 'total'
  const call = async () => {
    const start = performance.now()
    const results = runAttention(problem, attend, pass)
    await settleResults(results)
    disposeResults(results)
    return (performance.now() - start) / 1000
  }
  const { memory } = await peakMemory(call)
  const seconds = await call()
  dispose()
  problem.dispose()
  return { shape, seconds, scratchBytes: memory.peakBytes - resultBytes(shape, pass) }
}
