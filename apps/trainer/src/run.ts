import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { BatchCursor } from '@swat-js/data'
import {
  initializeParameters,
  parameterCount,
  startTrainingStep,
  trainingProducts,
  type StartedTrainingStep,
  type TokenBatch,
  type TrainingState,
} from '@swat-js/models'
import {
  adamW,
  createRandom,
  disposeParameters,
  tf,
  useEngine,
  type Engine,
  type LossScale,
} from '@swat-js/tensor-core'
import type { CheckpointState } from './checkpoints/checkpoint-state.js'
import { findLatestCheckpoint } from './checkpoints/find-checkpoint.js'
import { readRunCheckpoint } from './checkpoints/read-run-checkpoint.js'
import { writeCheckpoint } from './checkpoints/write-checkpoint.js'
import { expectSameRun } from './config/expect-same-run.js'
import { expectSeparableDocuments } from './config/expect-separable-documents.js'
import { learningRates } from './config/learning-rates.js'
import { resolveModel } from './config/resolve-model.js'
import type { RunConfig } from './config/run-config.js'
import { continueText } from './evaluation/continue-text.js'
import { scoreText } from './evaluation/score-text.js'
import { describeFailure } from './run-folder/describe-failure.js'
import type { RunEvent, RunSummary } from './progress/run-event.js'
import { openMetricsFile } from './run-folder/metrics-file.js'
import { openRunFolder, runFolderPath, type RunFolder } from './run-folder/run-folder.js'
import { makeRunRecord } from './run-folder/run-record.js'
import { openRunData, type RunData } from './text/run-data.js'
import { withTokenizerOfShards } from './text/sharded-data.js'
import { chooseMicroBatch } from './training/choose-micro-batch.js'
import { splitBatch } from './training/split-batch.js'
import { tuneProducts } from './training/tune-products.js'
import { versions } from './versions.js'

/** How {@link trainRun} is watched and steered. */
export interface TrainRunOptions {
  /** Called with everything that happens. */
  report?: (event: RunEvent) => void
  /** Go on from the latest checkpoint of the configured run folder (`true`) or of this folder. */
  resume?: boolean | string
  /** When it aborts, the run ends its step, or breaks off a validation or a sample, saves a checkpoint and ends. */
  signal?: AbortSignal
}

/**
 * Trains a model as configured: the whole run, from text to summary, in a folder from which it can be resumed to the
 * same numbers.
 *
 * @param config - the complete configuration
 * @param options - see {@link TrainRunOptions}
 * @returns what the run reached
 * @throws SwatError or DataError when the run cannot begin or go on; checkpoints written before remain
 */
export async function trainRun(config: RunConfig, options: TrainRunOptions = {}): Promise<RunSummary> {
  const { resume = false, report = () => {} } = options
  const began = performance.now()
  // The run folder: free for a new run, or with a checkpoint to go on from.
  const folder = await openRunFolder(runFolderPath(config, resume), resume !== false)
  try {
    const complete = withTokenizerOfShards(config)
    if (folder.record) expectSameRun(folder.record, { config: complete })
    const engine = await useEngine(complete.engine)
    const latest = folder.record ? await findLatestCheckpoint(folder.path) : null
    // Text → documents → tokens → batches.
    const data = await openRunData(complete, {
      savedTokenizer: latest && join(latest, 'tokenizer.json'),
      onTokenizerProgress: (done, total) => report({ event: 'progress', task: 'tokenizer', done, total }),
    })
    try {
      return await trainIn({ folder, config: complete, engine, latest, data, began }, options)
    } finally {
      await data.batches.close()
    }
  } finally {
    await folder.close()
  }
}

/** What a run has before it begins. */
interface RunMeans {
  folder: RunFolder
  config: RunConfig
  engine: Engine
  /** The checkpoint it goes on from. */
  latest: string | null
  data: RunData
  /** When it was called. */
  began: number
}

async function trainIn(means: RunMeans, options: TrainRunOptions): Promise<RunSummary> {
  const { folder, config, engine, latest, data } = means
  const { report = () => {}, signal } = options
  const { training, validation, sample, checkpoint } = config
  const deadline = means.began + (training.maxMinutes ?? Infinity) * 60_000
  const { tokenizer, batches, heldOut } = data
  const { length, accumulation } = training
  const prompt = sample.prompt ?? data.firstWords

  // The model and its optimizer: as initialised, or as saved.
  const model = resolveModel(config.model, tokenizer.vocabSize)
  expectSeparableDocuments(model, training.documents)
  const record = makeRunRecord(config, model, data)
  if (folder.record) expectSameRun(folder.record, record)
  const microBatchSize = await chooseMicroBatch(model, training)
  const optimizer = adamW(training)
  const kernels = { precision: config.engine.precision }
  const { clip, checkpointActivations } = training
  const settings = { optimizer, schedule: learningRates(training), clip, kernels, checkpointActivations }
  const saved = latest === null ? null : await readRunCheckpoint(latest, model)
  const computedBy = { backend: engine.backend, versions: versions() }
  let progress: CheckpointState = { ...(saved?.state ?? { ...freshState, cursor: batches.cursor() }), ...computedBy }
  let state: TrainingState
  if (saved) {
    state = { step: progress.step, parameters: saved.parameters, optimizer: saved.optimizer }
    if (progress.lossScale) state.lossScale = lossScaleTensors(progress.lossScale)
  } else {
    const parameters = initializeParameters(model, createRandom(config.seed))
    state = { step: 0, parameters, optimizer: optimizer.init(parameters) }
  }

  const steering = signal ? { signal } : {}
  let current = state.step // the step that is worked on, for messages
  let lastCheckpoint = latest
  const release = [() => disposeTraining(state)]
  try {
    batches.seek(progress.cursor)

    await folder.writeRecord(record)
    await folder.writeSummary(null)
    const metrics = openMetricsFile(folder.metrics, progress.metricsLength)
    release.push(() => metrics.close())
    const log = (event: RunEvent) => {
      metrics.append(event)
      report(event)
    }
    let savedAt = saved ? state.step : null
    report({
      event: 'start',
      folder: folder.path,
      resumedFrom: latest,
      step: state.step,
      steps: training.steps,
      parameters: parameterCount(model).total,
      model,
      trainTokens: data.trainTokens,
      validationTokens: heldOut.length,
      bytesPerToken: data.bytesPerToken,
      tokensPerStep: batches.tokensPerBatch * accumulation,
      microBatchSize,
      engine: { backend: engine.backend, device: engine.device, refused: engine.refused },
    })

    if (saved && saved.state.backend !== engine.backend) {
      const text = `The run was on ${saved.state.backend} and goes on on ${engine.backend}: last digits will differ.`
      report({ event: 'notice', text })
    }

    const validate = async (limit: number | null) => {
      const began = performance.now()
      const speaker = { parameters: state.parameters, model, tokenizer }
      const score = await scoreText(speaker, heldOut, {
        limit,
        ...steering,
        onProgress: (done, total) => report({ event: 'progress', task: 'validation', done, total }),
      })
      const { loss, perplexity, bitsPerByte, tokens } = score
      const took = (performance.now() - began) / 1000
      log({ event: 'validation', step: state.step, loss, perplexity, bitsPerByte, tokens, seconds: took })
      return score
    }
    const writeSample = async () => {
      const pieces: string[] = []
      const speaker = { parameters: state.parameters, model, tokenizer }
      const wish = { ...sample, seed: config.seed + state.step, ...steering }
      for await (const piece of continueText(speaker, prompt, wish)) {
        pieces.push(piece)
      }
      log({ event: 'sample', step: state.step, prompt, text: pieces.join('') })
    }
    const save = async () => {
      metrics.sync()
      progress = { ...progress, metricsLength: metrics.length(), lossScale: await lossScaleNumbers(state) }
      const contents = { training: state, model, tokenizer, state: progress }
      lastCheckpoint = await writeCheckpoint(folder.checkpoints, contents, checkpoint.keep)
      savedAt = state.step
      report({ event: 'checkpoint', step: state.step, path: lastCheckpoint })
    }
    /** Does something that an interruption breaks off, leaving no trace; null when it was. */
    const unlessInterrupted = async <Result>(work: () => Promise<Result>): Promise<Result | null> => {
      const length = metrics.length()
      try {
        signal?.throwIfAborted()
        return await work()
      } catch (error) {
        if (!signal?.aborted || error !== signal.reason) throw error
        metrics.cut(length)
        return null
      }
    }
    const examine = async () => {
      let { bestValidation } = progress
      if (isDue(state.step, validation.every)) {
        const { loss } = await validate(validation.tokens)
        if (bestValidation === null || loss < bestValidation.loss) bestValidation = { step: state.step, loss }
      }
      if (isDue(state.step, sample.every)) await writeSample()
      progress = { ...progress, bestValidation, examined: true }
    }
    const isDue = (step: number, every: number) => step % every === 0 && step < training.steps
    const isExamined = (step: number) => isDue(step, validation.every) || isDue(step, sample.every)
    const isStopped = () => signal?.aborted === true || performance.now() >= deadline

    // The training: batch → loss → gradients → update, then what is due. A GPU computes a step behind.
    const ahead = engine.backend === 'webgpu' ? 1 : 0
    const underWay: StepUnderWay[] = []
    let settledAt = 0
    const start = async (): Promise<StepUnderWay> => {
      const began = performance.now()
      current = state.step + 1
      const microBatches: TokenBatch[] = []
      for (let i = 0; i < accumulation; i++) microBatches.push(...splitBatch(await batches.next(), microBatchSize))
      const started = startTrainingStep(state, model, microBatches, settings)
      state = started.state
      return { ...started, step: state.step, began, cursor: batches.cursor() }
    }
    /** Waits until so few steps are under way, and notes what those measured that are done. */
    const settle = async (most: number) => {
      while (underWay.length > most) {
        const { step, began, measured, tokens, learningRate, cursor } = underWay.shift() as StepUnderWay
        current = step
        const { loss, gradientNorm, lossScale, skipped } = await measured
        const now = performance.now()
        const took = (now - Math.max(began, settledAt)) / 1000
        settledAt = now
        progress = {
          ...progress,
          step,
          tokens: progress.tokens + tokens,
          seconds: progress.seconds + took,
          cursor,
          trainLoss: loss,
          examined: !isExamined(step),
        }
        log({
          event: 'step',
          step,
          loss,
          learningRate,
          gradientNorm,
          ...(config.engine.precision === 'mixed' && { lossScale }),
          ...(skipped && { skipped }),
          tokensPerSecond: tokens / took,
          tokens: progress.tokens,
          seconds: progress.seconds,
        })
      }
    }
    const microBatch = { batchSize: microBatchSize, length }
    const products = () => trainingProducts(state.parameters, model, microBatch, settings)
    await unlessInterrupted(() =>
      tuneProducts({ engine, settings: config.engine, file: folder.tuning, products, report, signal }),
    )
    if (!progress.examined) await unlessInterrupted(examine)
    while (state.step < training.steps && !isStopped()) {
      underWay.push(await start())
      const pauses = isExamined(state.step) || isDue(state.step, checkpoint.every)
      await settle(pauses ? 0 : ahead)
      await setImmediate() // lets signals in: the engines only yield to promises
      if (isStopped()) break
      if (isExamined(state.step)) await unlessInterrupted(examine)
      if (isDue(state.step, checkpoint.every)) await save()
    }
    await settle(0)

    // The end: the last checkpoint, the whole held-out text, a last sample, the summary.
    if (savedAt !== state.step) await save()
    const score = await unlessInterrupted(async () => {
      const heldOutScore = await validate(validation.finalTokens)
      await writeSample()
      return heldOutScore
    })
    const reason = score === null ? 'interrupted' : state.step >= training.steps ? 'finished' : 'time-limit'
    const summary: RunSummary = {
      reason,
      step: state.step,
      steps: training.steps,
      parameters: parameterCount(model).total,
      tokens: progress.tokens,
      seconds: progress.seconds,
      tokensPerSecond: progress.seconds > 0 ? progress.tokens / progress.seconds : 0,
      backend: engine.backend,
      trainLoss: progress.trainLoss,
      validationLoss: score?.loss ?? null,
      perplexity: score?.perplexity ?? null,
      bitsPerByte: score?.bitsPerByte ?? null,
      gzipBitsPerByte: score?.gzipBitsPerByte ?? null,
      bestValidation: progress.bestValidation,
      checkpoint: lastCheckpoint,
    }
    if (score) await folder.writeSummary(summary)
    report({ event: 'end', folder: folder.path, prompt, summary })
    return summary
  } catch (error) {
    throw describeFailure(error, current, lastCheckpoint)
  } finally {
    for (const free of release) free()
  }
}

/** A step that was started. */
interface StepUnderWay extends StartedTrainingStep {
  step: number
  began: number
  cursor: BatchCursor
}

function disposeTraining({ parameters, optimizer, lossScale }: TrainingState): void {
  for (const tree of [parameters, optimizer.firstMoments, optimizer.secondMoments]) disposeParameters(tree)
  if (lossScale) tf.dispose([lossScale.scale, lossScale.stableSteps])
}

async function lossScaleNumbers({ lossScale }: TrainingState): Promise<CheckpointState['lossScale']> {
  if (!lossScale) return null
  const [[scale], [stableSteps]] = await Promise.all([lossScale.scale.data(), lossScale.stableSteps.data()])
  return { scale, stableSteps }
}

function lossScaleTensors({ scale, stableSteps }: NonNullable<CheckpointState['lossScale']>): LossScale {
  return { scale: tf.scalar(scale), stableSteps: tf.scalar(stableSteps) }
}

const freshState = {
  step: 0,
  tokens: 0,
  seconds: 0,
  metricsLength: 0,
  trainLoss: null,
  bestValidation: null,
  examined: true,
  lossScale: null,
}
