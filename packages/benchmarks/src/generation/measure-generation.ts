import {
  generateBatch,
  initializeParameters,
  layerWindows,
  parameterCount,
  sampleToken,
  swatTransformer,
  tokenLogProbabilities,
  type SwatParameters,
} from '@swat-js/models'
import { createRandom, disposeParameters, heapMemory, type Random, SwatError, tf } from '@swat-js/tensor-core'
import { expectCounts } from '../options/expect-counts.js'
import { median } from '../timing/median.js'
import type { GenerationBenchmark, GenerationBenchmarkOptions, GenerationRow } from './generation-benchmark.js'

const caller = 'measureGeneration'

/** Nats. */
const tolerance = 1e-3

/**
 * Measures the generation of a long text by a fresh model, on the active engine: time of a token and memory, part by
 * part, beside tokens whose whole window is computed anew. Before, the log-probabilities of a text longer than the
 * model can look back are compared with those of one whole forward pass.
 *
 * @param options - model and number of tokens
 * @returns a row for each part; the model is freed
 * @throws SwatError `benchmark` when an option makes no sense, or when the cache gives something else than the whole
 * pass
 */
export async function measureGeneration(options: GenerationBenchmarkOptions): Promise<GenerationBenchmark> {
  const { config, name = 'model', tokens = 100_000, parts = 10, recomputed = 20 } = options
  const { processBytes, report = () => {} } = options
  expectCounts(caller, { tokens, parts, recomputed })
  const windows = layerWindows(config)
  if (windows.includes(null)) {
    throw new SwatError('benchmark', `${caller}: every layer must have a window, or memory grows with the text.`)
  }
  if (tokens % parts !== 0) {
    throw new SwatError('benchmark', `${caller}: parts (${parts}) must divide the number of tokens, ${tokens}.`)
  }
  const settings = { config, name, tokens, parts, recomputed }
  const parameters = initializeParameters(config, createRandom(1))
  try {
    const maxError = await largestError(parameters, settings)
    const random = createRandom(2)
    const window = Math.max(...(windows as number[]))
    const recent: number[] = [0] // the last tokens, a window at most
    const before = tf.memory()
    const rows: GenerationRow[] = []
    let times: number[] = []
    let last = performance.now()
    for await (const [drawn] of generateBatch(parameters, config, [recent], { maxNewTokens: tokens, seed: 1 })) {
      const now = performance.now()
      times.push(now - last)
      recent.push(drawn!.token)
      if (recent.length > window) recent.shift()
      if (times.length === tokens / parts) {
        const { numTensors, numBytes } = tf.memory()
        rows.push({
          ...{ from: rows.length * times.length, to: (rows.length + 1) * times.length },
          tokenMs: median(times),
          tokensPerSecond: (1000 * times.length) / times.reduce((sum, time) => sum + time, 0),
          recomputedTokenMs: await recomputedTokenMs(parameters, settings, recent, random),
          ...{ tensors: numTensors - before.numTensors, tensorBytes: numBytes - before.numBytes },
          heapBytes: tf.getBackend() === 'wasm' ? heapMemory().buffer.byteLength : null,
          processBytes: processBytes?.() ?? null,
        })
        times = []
        report({ event: 'progress', task: 'benchmark', done: rows.length, total: parts })
      }
      last = performance.now()
    }
    const { total } = parameterCount(config)
    return { options: settings, backend: tf.getBackend(), parameters: total, maxError, rows }
  } finally {
    disposeParameters(parameters)
  }
}

type Settings = GenerationBenchmark['options']

/** What the cache makes of a text that is longer than the model can look back, against one whole forward pass. */
async function largestError(parameters: SwatParameters, { config }: Settings): Promise<number> {
  const windows = layerWindows(config) as number[]
  const receptiveField = windows.reduce((field, window) => field + window - 1, 1)
  const length = Math.min(512, receptiveField + Math.max(...windows) - 1)
  const text = [0]
  const told: number[] = []
  const options = { maxNewTokens: length, seed: 3, logProbabilities: 0 }
  for await (const [drawn] of generateBatch(parameters, config, [[0]], options)) {
    text.push(drawn!.token)
    told.push(drawn!.logProbability as number)
  }
  const logits = await logitsOf(parameters, config, text.slice(0, -1), 'all')
  let worst = 0
  told.forEach((logProbability, i) => {
    const row = logits.subarray(i * config.vocabSize, (i + 1) * config.vocabSize)
    const expected = tokenLogProbabilities(row, text[i + 1], 0).logProbability
    worst = Math.max(worst, Math.abs(logProbability - expected))
  })
  if (worst <= tolerance) return worst
  throw new SwatError(
    'benchmark',
    `${caller}: the cache gives log-probabilities that are off by ${worst.toExponential(1)} nats from one whole forward ` +
      `pass, allowed is ${tolerance}. What is wrong is not timed; please report it.`,
  )
}

/** The same tokens without a cache: the window goes through the model for each of them. */
async function recomputedTokenMs(
  parameters: SwatParameters,
  { config, recomputed }: Settings,
  recent: readonly number[],
  random: Random,
): Promise<number> {
  const times: number[] = []
  const windowTokens = [...recent]
  for (let i = 0; i <= recomputed; i++) {
    const start = performance.now()
    const token = sampleToken(await logitsOf(parameters, config, windowTokens, 'last'), { random })
    times.push(performance.now() - start)
    windowTokens.push(token)
    if (windowTokens.length > recent.length) windowTokens.shift()
  }
  return median(times.slice(1)) // the first one warms up
}

async function logitsOf(
  parameters: SwatParameters,
  config: Settings['config'],
  ids: readonly number[],
  positions: 'all' | 'last',
): Promise<Float32Array> {
  const logits = tf.tidy(() => {
    const input = tf.tensor2d([...ids], [1, ids.length], 'int32')
    return swatTransformer(parameters, config, input, { logits: positions }).logits
  })
  const values = await logits.data<'float32'>()
  logits.dispose()
  return values
}
