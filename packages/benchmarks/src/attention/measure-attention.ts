import { attentionCost } from '@swat-js/swat-attention'
import { type KernelChoice, type KernelRefusal, tf } from '@swat-js/tensor-core'
import { compareInterleaved, type TimedResult } from '../timing/compare-interleaved.js'
import { type MatMulCase, matMulCase } from '../timing/mat-mul-case.js'
import { bestClock, timingOf } from '../timing/timed-calls.js'
import type { AttentionBenchmark, AttentionBenchmarkOptions } from './attention-benchmark.js'
import { resolveAttentionOptions } from './attention-options.js'
import { attentionProblem, type AttentionShape, resultBytes } from './attention-problem.js'
import type { AttentionRow, SkippedBaseline } from './attention-row.js'
import { type QuadraticBaseline, prepareBaseline } from './baseline.js'
import {
  type Contender,
  kernelAttention,
  type Pass,
  passName,
  type PreparedContender,
  prepareContender,
  timedPasses,
} from './contender.js'
import { deviceLimits, groupsThatFit } from './device-limits.js'
import { measureGrowth } from './measure-growth.js'
import { ownRows } from './attention-figures.js'
import { affordableRounds, type BaselinePlan } from './plan-baseline.js'
import { attentionReference } from './verify-attention.js'

const warmUp = 2

type Settings = AttentionBenchmark['options']

/**
 * Measures sliding-window attention on the active engine, forward and backward, length by length: first compares
 * outputs and gradients with the reference kernel on the same random inputs, then times our kernel and the baselines in
 * turn, round by round. Baselines are our composite kernel, masked dense attention in TensorFlow.js, and our kernel
 * without a window. Slopes are balanced (SWAT Eq. 4) with sigmoid, none with softmax.
 *
 * @param options - sizes and what to leave out
 * @returns a row for each length and method, and what was skipped
 * @throws SwatError `benchmark` when an option makes no sense, when a kernel computes something else than the
 * reference, or when the inputs are too large for the device
 */
export async function measureAttention(options: AttentionBenchmarkOptions): Promise<AttentionBenchmark> {
  const settings = resolveAttentionOptions(options)
  const { report = () => {} } = options
  const stepsOfLength = 1 + warmUp + settings.rounds
  const stages = settings.lengths.length + (settings.lengths.length > 1 ? 1 : 0)
  const progressOf = (stage: number) => (done: number) =>
    report({ event: 'progress', task: 'benchmark', done: stage * stepsOfLength + done, total: stages * stepsOfLength })
  const rows: AttentionRow[] = []
  const skipped: SkippedBaseline[] = []
  const product = await matMulCase()
  try {
    for (const [stage, length] of settings.lengths.entries()) {
      const progress = progressOf(stage)
      progress(0)
      const disposals: (() => void)[] = []
      try {
        const prepared = await prepareLength(settings, length, disposals)
        for (const text of prepared.notices) report({ event: 'notice', text })
        skipped.push(...prepared.skipped)
        progress(1)
        const passes = prepared.entries.flatMap(({ contender, rounds }) => timedPasses(contender, rounds))
        const onRound = (round: number) => progress(1 + round)
        const results = await compareInterleaved([product, ...passes], { rounds: settings.rounds, warmUp, onRound })
        rows.push(...prepared.entries.map((entry) => attentionRow(entry, results, product)))
      } finally {
        for (const dispose of disposals) dispose()
      }
    }
  } finally {
    product.dispose()
  }
  const progress = progressOf(settings.lengths.length)
  const growth = await measureGrowth(settings, ownRows(rows), { warmUp, onRound: (round) => progress(1 + round) })
  return { options: settings, rows, skipped, growth }
}

/** A contender that takes part, and how its figures stand for the whole problem. */
interface Entry {
  contender: PreparedContender
  rounds: number
  shape: AttentionShape
  plan: BaselinePlan | null
}

interface PreparedLength {
  entries: Entry[]
  skipped: SkippedBaseline[]
  notices: string[]
}

async function prepareLength(settings: Settings, length: number, disposals: (() => void)[]): Promise<PreparedLength> {
  const { batch, heads, kvHeads, headDim, window, activation, precision, forwardOnly } = settings
  const shape: AttentionShape = { batch, heads, kvHeads, headDim, length, window, activation }
  const problem = attentionProblem(shape, { gradients: !forwardOnly, groupsPerPart: groupsThatFit(shape) })
  disposals.push(problem.dispose)
  const reference = await attentionReference(problem)

  let refused: KernelRefusal[] = []
  const onChoice = (choice: KernelChoice) => {
    ours.kernel = choice.kernel
    refused = choice.refused
  }
  const ours: Contender = {
    ...{ kind: 'windowed', kernel: null, precision, problem, reference },
    attend: kernelAttention(problem, { precision, onChoice }),
  }
  const own = await prepareContender(ours, forwardOnly)
  const entries: Entry[] = [{ contender: own, rounds: settings.rounds, shape, plan: null }]
  const skipped: SkippedBaseline[] = []
  const roundsOf = ({ seconds }: PreparedContender) =>
    affordableRounds(seconds, settings.baselineBudget, settings.rounds)

  if (settings.baselines && own.kernel !== 'composite') {
    const attend = kernelAttention(problem, { use: 'composite' })
    const composite: Contender = { ...ours, kernel: 'composite', precision: 'float32', attend }
    const contender = await prepareContender(composite, forwardOnly)
    entries.push({ contender, rounds: roundsOf(contender), shape, plan: null })
  }
  const quadratic: QuadraticBaseline[] = [
    { kind: 'dense', kernel: null, precision: 'float32' },
    { kind: 'full', kernel: own.kernel, precision },
  ]
  for (const baseline of settings.baselines ? quadratic : []) {
    const baselineShape = { ...shape, window: baseline.kind === 'full' ? null : window }
    const limits = { forwardOnly, budget: settings.baselineBudget }
    const prepared = await prepareBaseline(baseline, baselineShape, limits, disposals)
    if ('reason' in prepared) skipped.push({ length, kind: baseline.kind, reason: prepared.reason })
    else entries.push({ ...prepared, rounds: roundsOf(prepared.contender), shape: baselineShape })
  }
  const notices = refused.map(
    ({ kernel, reason }) => `Length ${length}: kernel '${own.kernel}' runs, as '${kernel}' declined: ${reason}.`,
  )
  const { parts } = problem
  if (parts.length > 1) {
    notices.push(
      `Length ${length}: computed as ${parts.length} parts of ${parts[0].queries.shape[2]} heads, one after the other, ` +
        `as this device binds at most ${deviceLimits().tensorBytes} bytes as one tensor.`,
    )
  }
  return { entries, skipped, notices }
}

function attentionRow(
  { contender, rounds, shape, plan }: Entry,
  results: readonly TimedResult[],
  product: MatMulCase,
): AttentionRow {
  const { kind, kernel, precision, passes, memory, maxError, repeats, reference, problem } = contender
  const { batch, heads, kvHeads, headDim, length, window, activation } = shape
  const clock = bestClock()
  const factor = plan?.factor ?? 1
  const whole = passes.includes('total')
  const lastPass: Pass = whole ? 'total' : 'forward'
  const medianMs = (pass: Pass, by: typeof clock) => factor * timingOf(results, passName(contender, pass), by).ms
  const cost = attentionCost({ length, window, heads, kvHeads, headDim })
  const operations = batch * (cost.forwardOperations + (whole ? cost.backwardOperations : 0))
  return {
    ...{ backend: tf.getBackend(), kernel, kind, precision },
    ...{ batch, heads, kvHeads, headDim, window, activation, length },
    forwardMs: medianMs('forward', clock),
    totalMs: whole ? medianMs('total', clock) : null,
    clock,
    forwardWallMs: medianMs('forward', 'wall'),
    totalWallMs: whole ? medianMs('total', 'wall') : null,
    spread: timingOf(results, passName(contender, lastPass), clock).spread,
    ...{ rounds, repeats },
    peakBytes: peakBytesOfWhole(contender, shape, lastPass),
    resultBytes: resultBytes(shape, lastPass),
    heapGrowthBytes: memory.heapGrowthBytes,
    operations,
    tflops: operations / medianMs(lastPass, clock) / 1e9,
    matMulTflops: product.operations / results[0].medianMs / 1e9,
    maxError,
    compared: reference.rows,
    headsAtOnce: problem.parts[0].queries.shape[2],
    extrapolated: factor,
    measured: factor === 1 ? null : describeSmaller(problem.shape, shape),
  }
}

/** Dense attention, done group by group, needs the working memory of one; else only what was measured is known. */
function peakBytesOfWhole({ kind, memory, problem }: Contender & PreparedContender, shape: AttentionShape, pass: Pass) {
  const small = problem.shape
  const isWhole = small.length === shape.length && small.heads === shape.heads && small.batch === shape.batch
  if (isWhole) return memory.peakBytes
  if (kind !== 'dense') return null
  const scratch = memory.peakBytes - resultBytes(small, pass)
  return scratch * (shape.length / small.length) ** 2 + resultBytes(shape, pass)
}

function describeSmaller(small: AttentionShape, whole: AttentionShape): string {
  const batch = small.batch === whole.batch ? '' : `${small.batch} of ${whole.batch} sequences, `
  return `${batch}${small.heads} of ${whole.heads} heads at length ${small.length}`
}
