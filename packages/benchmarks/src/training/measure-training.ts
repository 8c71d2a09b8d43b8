import {
  initializeParameters,
  parameterCount,
  startTrainingStep,
  trainingMemory,
  trainingProducts,
  trainingStep,
  type TokenBatch,
  type TrainingMeasurements,
  type TrainingState,
} from '@swat-js/models'
import {
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  flattenParameters,
  matMulChoices,
  SwatError,
  tf,
  timeShaders,
} from '@swat-js/tensor-core'
import { peakMemory } from '../memory/peak-memory.js'
import { expectCounts } from '../options/expect-counts.js'
import { median } from '../timing/median.js'
import { probeProduct } from '../timing/probe-product.js'
import { quartileDistance } from '../timing/quartile-distance.js'
import { bestClock } from '../timing/timed-calls.js'
import { stockTraining, type StockTraining } from './stock-training.js'
import type { StockComparison, TimeShare, TrainingBenchmark, TrainingBenchmarkOptions } from './training-benchmark.js'
import { trainingCost } from './training-cost.js'

/** Steps beside the timed ones: one that memory is watched in, one whose shaders are timed. */
const examined = 2
const stockRounds = 5

/**
 * Measures training steps of a fresh model on random tokens, on the active engine, as a training run does them: the
 * next step is started before the last one is read. Beside speed: the peak of memory, where the GPU's time goes, and
 * the rate of a large matrix product, for comparison.
 *
 * @param options - model, batch, precision and number of steps
 * @returns one row; the model is freed
 * @throws SwatError `benchmark` when a count is not a positive integer
 */
export async function measureTraining(options: TrainingBenchmarkOptions): Promise<TrainingBenchmark> {
  const { report = () => {}, tune, ...asked } = options
  const { config, name = 'model', batchSize, length, precision = 'float32', checkpointActivations = false } = asked
  const { steps = 10, warmUp = 3 } = asked
  expectCounts('measureTraining', { batchSize, length, steps, warmUp })
  const rounds = asked.stock ? stockRounds : 0
  const total = warmUp + steps + examined + rounds
  let done = 0
  const progress = () => report({ event: 'progress', task: 'benchmark', done: done++, total })

  if (tune && tf.getBackend() !== 'webgpu') {
    throw new SwatError(
      'benchmark',
      `measureTraining: only the webgpu engine can be tuned, and '${tf.getBackend()}' is active. Leave out tune.`,
    )
  }
  const probe = await probeProduct(precision)
  const optimizer = adamW({ weightDecay: 0.1 })
  const schedule = constantSchedule(1e-3)
  const settings = { optimizer, schedule, clip: 1, kernels: { precision }, checkpointActivations }
  const batch = randomBatch(config.vocabSize, batchSize, length)
  const parameters = initializeParameters(config, createRandom(1))
  const model: Model = {
    state: { step: 0, parameters, optimizer: optimizer.init(parameters) },
    async step() {
      const { state, ...measured } = await trainingStep(model.state, config, [batch], settings)
      model.state = state
      return measured
    },
    start() {
      const { state, measured } = startTrainingStep(model.state, config, [batch], settings)
      model.state = state
      return measured
    },
  }
  const stock = asked.stock ? stockTraining(parameters, config, batch, schedule(0)) : null
  try {
    progress()
    if (tune) await tune(trainingProducts(parameters, config, { batchSize, length }, settings))
    const { loss: firstLoss } = await model.step()
    for (let i = 1; i < warmUp; i++) {
      progress()
      await model.step()
    }
    const times = await timeSteps(model, steps, progress)
    progress()
    const shares = bestClock() === 'gpu' ? await timeShares(model) : null
    progress()
    const { result, memory } = await peakMemory(() => model.step())
    progress()

    const comparison = stock && (await compareWithStock(model, stock, batch, firstLoss, rounds, progress))

    const stepMs = median(times)
    const modelTflops = (batchSize * trainingCost(config, length).totalOperations) / stepMs / 1e9
    const bytesOf = (trees: object[]) => trees.reduce((sum, tree) => sum + bytesOfTree(tree), 0)
    const { firstMoments, secondMoments } = model.state.optimizer
    const stateBytes = bytesOf([model.state.parameters, firstMoments, secondMoments])
    const row = {
      ...{ model: name, backend: tf.getBackend(), precision, parameters: parameterCount(config).total },
      ...{ batch: batchSize, length, window: config.window, checkpointActivations },
      ...{ stepMs, spread: quartileDistance(times) / stepMs, steps },
      tokensPerSecond: (batchSize * length * 1000) / stepMs,
      stateBytes,
      peakBytes: stateBytes + memory.peakBytes,
      plannedBytes: trainingMemory(config, { batchSize, length, checkpointActivations }).peak,
      ...{ modelTflops, probeTflops: probe.tflops, probe: probe.name, utilisation: modelTflops / probe.tflops },
      ...{ firstLoss, lastLoss: result.loss, stock: comparison, shares },
    }
    return { options: asked, choices: tf.getBackend() === 'webgpu' ? matMulChoices() : [], rows: [row] }
  } finally {
    stock?.dispose()
    disposeState(model.state)
  }
}

interface Model {
  state: TrainingState
  /** A step and what it measured. */
  step(): Promise<TrainingMeasurements>
  /** Starts a step. */
  start(): Promise<TrainingMeasurements>
}

/** Milliseconds between the ends of steps; one is always under way. */
async function timeSteps(model: Model, steps: number, progress: () => void): Promise<number[]> {
  const times: number[] = []
  let underWay = model.start()
  let ended = 0
  for (let i = 0; i <= steps; i++) {
    const next = i < steps ? model.start() : null
    await underWay
    const now = performance.now()
    if (i > 0) {
      times.push(now - ended)
      progress()
    }
    ended = now
    if (next) underWay = next
  }
  return times
}

async function compareWithStock(
  model: Model,
  stock: StockTraining,
  batch: TokenBatch,
  firstLoss: number,
  rounds: number,
  progress: () => void,
): Promise<StockComparison> {
  const timed = async (run: () => Promise<unknown>) => {
    const start = performance.now()
    await run()
    return performance.now() - start
  }
  const stockLoss = await stock.step(batch) // untimed: compiles, packs, and is compared
  const times: { ours: number; stocks: number }[] = []
  for (let round = 0; round < rounds; round++) {
    times.push({ ours: await timed(() => model.step()), stocks: await timed(() => stock.step(batch)) })
    progress()
  }
  return {
    stepMs: median(times.map(({ stocks }) => stocks)),
    ratio: median(times.map(({ ours, stocks }) => stocks / ours)),
    lossDifference: Math.abs(stockLoss - firstLoss) / firstLoss,
  }
}

async function timeShares(model: Model): Promise<TimeShare[]> {
  const { shaders, milliseconds } = await timeShaders(() => model.step())
  const byShader = new Map<string, TimeShare>()
  for (const { label, milliseconds } of shaders) {
    const { dispatches, milliseconds: before } = byShader.get(label) ?? { dispatches: 0, milliseconds: 0 }
    byShader.set(label, {
      shader: label,
      dispatches: dispatches + 1,
      milliseconds: before + milliseconds,
      share: 0,
    })
  }
  return [...byShader.values()]
    .map((part) => ({ ...part, share: part.milliseconds / milliseconds }))
    .sort((a, b) => b.milliseconds - a.milliseconds)
}

function randomBatch(vocabSize: number, batchSize: number, length: number) {
  const random = createRandom(2)
  const tokens = () => Int32Array.from({ length: batchSize * length }, () => random.integer(vocabSize))
  return { inputs: tokens(), labels: tokens(), batchSize, length }
}

function bytesOfTree(tree: object): number {
  let bytes = 0
  for (const { size } of flattenParameters(tree).values()) bytes += 4 * size
  return bytes
}

function disposeState({ parameters, optimizer, lossScale }: TrainingState): void {
  for (const tree of [parameters, optimizer.firstMoments, optimizer.secondMoments]) disposeParameters(tree)
  if (lossScale) tf.dispose([lossScale.scale, lossScale.stableSteps])
}
