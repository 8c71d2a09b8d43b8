import { scoreAnswers, syntheticTask, taskBatches, type SyntheticTask, type TaskExample } from '@swat-js/data'
import {
  initializeParameters,
  parameterCount,
  resolveConfig,
  swatTransformer,
  trainingStep,
  type SwatConfig,
  type SwatParameters,
  type TrainingState,
} from '@swat-js/models'
import { adamW, createRandom, disposeParameters, SwatError, tf, cosineSchedule } from '@swat-js/tensor-core'
import { expectCounts } from '../options/expect-counts.js'
import type { RecallBenchmark, RecallBenchmarkOptions, RecallRow } from './recall-benchmark.js'

const values = 16

/**
 * Trains a small model for each number of layers on key-value recall, on the active engine, and asks it for values at
 * chosen distances: what lies outside 1 + layers · (window − 1) tokens cannot be recalled.
 *
 * @param options - see {@link RecallBenchmarkOptions}
 * @returns a row for each model; the models are freed
 * @throws SwatError `benchmark` when an option makes no sense, DataError `invalid-argument` for distances that are none
 */
export async function measureRecall(options: RecallBenchmarkOptions = {}): Promise<RecallBenchmark> {
  const settings = withDefaults(options)
  const { layers, distances, distractors, examples, seed } = settings
  const length = Math.max(...distances) + 3 + 8 + 4 * distractors // some room before and after
  const size = { length, distances, questions: 1, distractors, values }
  const training = syntheticTask('key-value-recall', { ...size, seed: 2 * seed })
  const test = syntheticTask('key-value-recall', { ...size, seed: 2 * seed + 1 })
  const asked = Array.from({ length: examples }, (_, index) => test.example(index))

  const rows: RecallRow[] = []
  for (const count of layers) {
    const config = configOf(count, training.vocabulary.length, settings)
    const started = performance.now()
    const parameters = await train(config, training, settings, rows.length, options.report)
    const seconds = (performance.now() - started) / 1000
    try {
      const { byDistance } = scoreAnswers(asked, predict(parameters, config, asked, settings.batchSize))
      rows.push({
        layers: count,
        receptiveField: 1 + count * (settings.window - 1),
        parameters: parameterCount(config).total,
        seconds,
        accuracies: distances.map((distance) => byDistance.find((row) => row.distance === distance)?.accuracy ?? NaN),
      })
    } finally {
      disposeParameters(parameters)
    }
  }
  return { options: settings, backend: tf.getBackend(), chance: 1 / values, rows }
}

type Settings = RecallBenchmark['options']

function withDefaults(options: RecallBenchmarkOptions): Settings {
  const { layers = [1, 2, 3], window = 8, distractors = 0, hiddenSize = 32, heads = 2 } = options
  const { steps = 400, batchSize = 32, learningRate = 0.005, examples = 1000, seed = 0 } = options
  expectCounts('measureRecall', { window, hiddenSize, heads, steps, batchSize, examples })
  layers.forEach((count) => expectCounts('measureRecall', { layers: count }))
  if (window < 2 || layers.length === 0) {
    throw new SwatError(
      'benchmark',
      `measureRecall: there must be a number of layers, and a window of at least 2, but there are ${layers.length} and ` +
        `the window is ${window}.`,
    )
  }
  const edges = [...layers, Math.max(...layers) + 1].map((count) => count * (window - 1))
  const given = options.distances ?? edges.flatMap((edge) => [edge, edge + 1])
  const distances = [...new Set(given)].sort((one, other) => one - other)
  return {
    ...{ layers, window, distances, distractors, hiddenSize, heads },
    ...{ steps, batchSize, learningRate, examples, seed },
  }
}

function configOf(layers: number, vocabSize: number, { window, hiddenSize, heads }: Settings): SwatConfig {
  const sizes = { vocabSize, hiddenSize, layers, heads, window, intermediateSize: 2 * hiddenSize }
  // Small weights and rows of attention that add up to half the window took more steps than a minute has.
  return resolveConfig({ ...sizes, sigmoidBias: 'neg-log-window', initStd: 0.15 })
}

async function train(
  config: SwatConfig,
  task: SyntheticTask,
  { steps, batchSize, learningRate, layers, seed }: Settings,
  model: number,
  report: RecallBenchmarkOptions['report'],
): Promise<SwatParameters> {
  const batches = taskBatches(task, { batchSize })
  const optimizer = adamW()
  const schedule = cosineSchedule({
    ...{ peak: learningRate, warmupSteps: Math.ceil(steps / 10), totalSteps: steps, minimumRatio: 0.1 },
  })
  const parameters = initializeParameters(config, createRandom(seed))
  let state: TrainingState = { step: 0, parameters, optimizer: optimizer.init(parameters) }
  try {
    for (let step = 0; step < steps; step++) {
      state = (await trainingStep(state, config, [batches.next()], { optimizer, schedule, clip: 1 })).state
      report?.({ event: 'progress', task: 'benchmark', done: model * steps + step + 1, total: layers.length * steps })
    }
    return state.parameters
  } catch (error) {
    disposeParameters(state.parameters)
    throw error
  } finally {
    disposeParameters(state.optimizer.firstMoments)
    disposeParameters(state.optimizer.secondMoments)
  }
}

/** For each example the likeliest id after each token. */
function predict(
  parameters: SwatParameters,
  config: SwatConfig,
  examples: readonly TaskExample[],
  batchSize: number,
): number[][] {
  const predicted: number[][] = []
  for (let from = 0; from < examples.length; from += batchSize) {
    const texts = examples.slice(from, from + batchSize).map(({ inputs }) => [...inputs])
    const rows = tf.tidy(() => {
      const { logits } = swatTransformer(parameters, config, tf.tensor2d(texts, undefined, 'int32'))
      return tf.argMax(logits, 2).arraySync() as number[][] // [batch, length]
    })
    predicted.push(...rows)
  }
  return predicted
}
