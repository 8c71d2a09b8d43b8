import { slopePreset } from '@swat-js/positional-encodings'
import { cachedAttention, createRollingCache, disposeRollingCache, swatAttention } from '@swat-js/swat-attention'
import { type KernelName, SwatError, tf } from '@swat-js/tensor-core'
import { expectCounts, expectGroups } from '../options/expect-counts.js'
import { randomTensor } from '../random/random-tensor.js'
import { onReferenceBackend } from '../reference/on-reference-backend.js'
import { relativeError } from '../reference/relative-error.js'
import { tolerances } from '../reference/tolerances.js'
import { compareInterleaved } from '../timing/compare-interleaved.js'
import { settle } from '../timing/settle.js'
import { bestClock, type Calls, repeatsFor, timedCalls, timingOf } from '../timing/timed-calls.js'
import type { DecodeBenchmark, DecodeBenchmarkOptions, DecodeRow } from './decode-benchmark.js'

const caller = 'measureDecode'

const warmUp = 3

/**
 * Measures one token through the rolling cache at several absolute positions, in turn, round by round, on the active
 * engine: with a window it must cost the same everywhere. Compares the first token with the reference kernel before.
 *
 * @param options - positions and sizes
 * @returns a row for each position
 * @throws SwatError `benchmark` when an option makes no sense or when the kernel computes something else than the
 * reference
 */
export async function measureDecode(options: DecodeBenchmarkOptions): Promise<DecodeBenchmark> {
  const settings = resolve(options)
  const { positions, rounds } = settings
  const { report = () => {} } = options
  const total = positions.length + warmUp + rounds
  const progress = (done: number) => report({ event: 'progress', task: 'benchmark', done, total })
  const streams: Stream[] = []
  try {
    for (const position of positions) {
      progress(streams.length)
      streams.push(await startStream(settings, position))
    }
    const onRound = (round: number) => progress(streams.length + round)
    const cases = streams.flatMap((stream) => timedCalls({ ...stream, rounds }))
    const results = await compareInterleaved(cases, { rounds, warmUp, onRound })
    const { batch, heads, kvHeads, headDim, window, activation, precision } = settings
    const clock = bestClock()
    const rows = streams.map(({ name, position, kernel, repeats, cacheBytes, maxError }): DecodeRow => ({
      ...{ backend: tf.getBackend(), kernel, precision, batch, heads, kvHeads, headDim, window, activation, position },
      tokenMs: timingOf(results, name, clock).ms,
      tokenWallMs: timingOf(results, name, 'wall').ms,
      ...{ clock, spread: timingOf(results, name, clock).spread, rounds, repeats, cacheBytes, maxError },
    }))
    return { options: settings, rows }
  } finally {
    for (const { dispose } of streams) dispose()
  }
}

type Settings = DecodeBenchmark['options']

function resolve(options: DecodeBenchmarkOptions): Settings {
  const { positions, window, heads, kvHeads = heads, headDim, batch = 1, rounds = 15 } = options
  const { activation = 'sigmoid', precision = 'float32' } = options
  expectCounts(caller, { window, heads, kvHeads, headDim, batch, rounds })
  expectGroups(caller, heads, kvHeads)
  const tooEarly = positions.find((position) => !Number.isSafeInteger(position) || position < window - 1)
  if (positions.length === 0 || new Set(positions).size < positions.length || tooEarly !== undefined) {
    throw new SwatError(
      'benchmark',
      `${caller}: positions must be different whole numbers of at least window − 1 = ${window - 1}, so that the window ` +
        `is full, but are [${positions.join(', ')}].`,
    )
  }
  return { positions: [...positions], window, heads, kvHeads, headDim, batch, activation, precision, rounds }
}

/** A cache with a full window, and one more token, the same again and again. */
interface Stream extends Omit<Calls, 'rounds'> {
  position: number
  kernel: KernelName
  cacheBytes: number
  maxError: number
  dispose: () => void
}

async function startStream(settings: Settings, position: number): Promise<Stream> {
  const { batch, heads, kvHeads, headDim, window, activation, precision } = settings
  const past = window - 1
  const tensor = (seed: number, length: number, heads: number) =>
    randomTensor([batch, length, heads, headDim], seed) as tf.Tensor4D
  const tokens = {
    queries: tensor(1, window, heads),
    keys: tensor(2, window, kvHeads),
    values: tensor(3, window, kvHeads),
  }
  const expected = await lastOutput(tokens, settings, position)

  let kernel: KernelName = 'composite'
  const kernels = { precision, onChoice: (choice: { kernel: KernelName }) => void (kernel = choice.kernel) }
  const options = { activation, slopes: slopesOf(settings), kernels }
  let cache = createRollingCache({ batchSize: batch, kvHeads, headDim, window, position: position - past })
  let outputs: tf.Tensor4D[] = []
  const advance = ({ queries, keys, values }: Tokens) => {
    const step = cachedAttention(queries, keys, values, cache, options)
    cache = step.cache
    outputs.push(step.output)
  }
  const free = () => {
    tf.dispose(outputs)
    outputs = []
  }
  const rows = (tensor: tf.Tensor4D, first: number, count: number) =>
    tf.slice(tensor, [0, first, 0, 0], [-1, count, -1, -1])
  const part = (first: number, count: number): Tokens => ({
    queries: rows(tokens.queries, first, count),
    keys: rows(tokens.keys, first, count),
    values: rows(tokens.values, first, count),
  })
  const token = part(past, 1)
  const dispose = () => {
    free()
    tf.dispose([Object.values(tokens), Object.values(token)])
    disposeRollingCache(cache)
  }
  const finish = () => settle(outputs[outputs.length - 1])
  const call = () => advance(token)

  if (past > 0) {
    const history = part(0, past)
    advance(history)
    tf.dispose(Object.values(history))
    free()
  }
  call()
  const maxError = relativeError(await outputs[0].data<'float32'>(), expected)
  free()
  if (!(maxError <= tolerances[precision].output)) {
    dispose()
    throw new SwatError(
      'benchmark',
      `${caller}: ${kernel} at position ${position} computes something else than the reference: off by ` +
        `${maxError.toExponential(1)} of the largest magnitude, allowed is ${tolerances[precision].output}. ` +
        'A wrong kernel is not timed; please report it.',
    )
  }
  call()
  await finish()
  free()
  const start = performance.now()
  call()
  await finish()
  free()
  const repeats = repeatsFor(performance.now() - start)
  const cacheBytes = 2 * 4 * cache.memory.keys.size
  const name = `token at position ${position}`
  return { name, position, kernel, call, finish, free, dispose, repeats, cacheBytes, maxError }
}

interface Tokens {
  queries: tf.Tensor4D
  keys: tf.Tensor4D
  values: tf.Tensor4D
}

/** What the reference says about the last token of a full window. */
async function lastOutput(tokens: Tokens, settings: Settings, position: number): Promise<Float32Array> {
  const { window, activation } = settings
  const inputs: { data: Float32Array; shape: [number, number, number, number] }[] = []
  for (const tensor of [tokens.queries, tokens.keys, tokens.values]) {
    inputs.push({ data: await tensor.data<'float32'>(), shape: tensor.shape })
  }
  return onReferenceBackend(() => {
    const [queries, keys, values] = inputs.map(({ data, shape }) => tf.tensor4d(data, shape))
    return swatAttention(tf.slice(queries, [0, window - 1, 0, 0], [-1, 1, -1, -1]), keys, values, {
      ...{ window, activation, slopes: slopesOf(settings), kernels: { use: 'cpu' } },
      queryOffset: position,
      keyOffset: position - window + 1,
    }).dataSync<'float32'>()
  })
}

function slopesOf({ activation, heads }: Settings): number[] | null {
  return activation === 'sigmoid' ? slopePreset(heads % 2 === 0 ? 'swat-+' : 'swat-', heads) : null
}
