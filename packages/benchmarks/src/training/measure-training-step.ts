import { initializeParameters, trainingStep, type SwatConfig, type TrainingState } from '@swat-js/models'
import {
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  SwatError,
  tf,
  type KernelPolicy,
} from '@swat-js/tensor-core'
import { median } from '../timing/median.js'
import { trainingCost } from './training-cost.js'

/** What is measured. */
export interface TrainingMeasurement {
  /** The model. */
  config: SwatConfig
  /** Sequences a step. */
  batchSize: number
  /** Tokens a sequence. */
  length: number
  /** Timed steps; default 5. */
  steps?: number
  /** Untimed steps before; default 2. */
  warmUp?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Called after each step, warm-up included, with its number from 1. */
  onStep?: (step: number, milliseconds: number) => void
}

/** What came out. */
export interface TrainingSpeed {
  /** TensorFlow.js backend that ran. */
  backend: string
  /** Median time of a step, milliseconds. */
  stepMs: number
  /** Every timed step, milliseconds. */
  stepsMs: number[]
  /** Tokens a second at the median. */
  tokensPerSecond: number
  /** Model operations a second at the median, as {@link trainingCost} counts them, in units of 10⁹. */
  gigaflops: number
  /** Bytes that TensorFlow.js holds between steps: parameters and optimizer state. */
  stateBytes: number
}

/**
 * Times training steps of a fresh model on random tokens, on the engine that is active.
 *
 * @param measurement - model, batch and number of steps
 * @returns speed and state size; the model is freed
 * @throws SwatError `benchmark` when there are fewer than 1 timed steps
 */
export async function measureTrainingStep(measurement: TrainingMeasurement): Promise<TrainingSpeed> {
  const { config, batchSize, length, steps = 5, warmUp = 2, kernels, onStep } = measurement
  if (steps < 1) throw new SwatError('benchmark', `measureTrainingStep: steps must be at least 1, but is ${steps}.`)
  const random = createRandom(1)
  const tokens = () => Int32Array.from({ length: batchSize * length }, () => random.integer(config.vocabSize))
  const batch = { inputs: tokens(), labels: tokens(), batchSize, length }
  const optimizer = adamW({ weightDecay: 0.1 })
  const settings = { optimizer, schedule: constantSchedule(1e-3), clip: 1, kernels }

  const bytesBefore = tf.memory().numBytes
  const parameters = initializeParameters(config, random)
  let state: TrainingState = { step: 0, parameters, optimizer: optimizer.init(parameters) }
  const stepsMs: number[] = []
  for (let i = 1; i <= warmUp + steps; i++) {
    const start = performance.now()
    ;({ state } = await trainingStep(state, config, [batch], settings))
    const time = performance.now() - start
    if (i > warmUp) stepsMs.push(time)
    onStep?.(i, time)
  }
  const stateBytes = tf.memory().numBytes - bytesBefore
  disposeParameters(state.parameters)
  disposeParameters(state.optimizer.firstMoments)
  disposeParameters(state.optimizer.secondMoments)

  const stepMs = median(stepsMs)
  const { totalOperations } = trainingCost(config, length)
  return {
    backend: tf.getBackend(),
    stepMs,
    stepsMs,
    tokensPerSecond: (batchSize * length * 1000) / stepMs,
    gigaflops: (batchSize * totalOperations) / stepMs / 1e6,
    stateBytes,
  }
}
