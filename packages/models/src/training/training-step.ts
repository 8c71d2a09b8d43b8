import {
  accumulateGradients,
  disposeParameters,
  flattenParameters,
  globalNorm,
  initialLossScale,
  nextLossScale,
  scaledGlobalNorm,
  SwatError,
  tf,
  type AdamWState,
  type KernelPolicy,
  type LearningRateSchedule,
  type LossScale,
  type Optimizer,
} from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { modelLoss, type TokenBatch } from './model-loss.js'

/** Everything that a step changes. */
export interface TrainingState {
  /** Updates done, counting those that were left out because a gradient overflowed. */
  step: number
  /** The weights. */
  parameters: SwatParameters
  /** Moments of the optimizer. */
  optimizer: AdamWState
  /** In mixed precision: the factor of the loss. A state without one starts anew. */
  lossScale?: LossScale
}

/** How a step trains. */
export interface TrainingSettings {
  /** Turns gradients into an update. */
  optimizer: Optimizer
  /** Learning rate by number of updates done. */
  schedule: LearningRateSchedule
  /** Largest norm of the whole gradient; `null` = no limit. */
  clip: number | null
  /** Which kernels run, and with what precision; `mixed` scales the loss. */
  kernels?: KernelPolicy
  /** Keep the input of each block only, compute the rest again in the backward pass: less memory, a third more work. */
  checkpointActivations?: boolean
}

/** What a step measures. */
export interface TrainingMeasurements {
  /** Mean nats for each scored token, before the update. */
  loss: number
  /** Norm of the whole gradient before clipping; not finite where `skipped`. */
  gradientNorm: number
  /** Factor of the loss in this step; 1 in float32. */
  lossScale: number
  /** In mixed precision: a gradient overflowed, and the update was left out. */
  skipped: boolean
}

/** What a step reports. */
export interface TrainingStepResult extends TrainingMeasurements {
  /** State after the update. */
  state: TrainingState
  /** Learning rate of this update. */
  learningRate: number
  /** Tokens read, scored or not. */
  tokens: number
}

/** A step that is under way. */
export interface StartedTrainingStep {
  /** State after the update; the device may still be computing it. */
  state: TrainingState
  /** Learning rate of this update. */
  learningRate: number
  /** Tokens read, scored or not. */
  tokens: number
  /**
   * Settles when the device has finished. Rejects with `non-finite-loss` as {@link trainingStep} does: the update was
   * left out then, and `state` holds the parameters from before.
   */
  measured: Promise<TrainingMeasurements>
}

/**
 * One training step, from batches to new parameters.
 *
 * @param state - consumed: use only the state that is returned
 * @param config - the model
 * @param microBatches - run one after the other, as if they were one batch
 * @param settings - optimizer, learning rate, clipping, kernels
 * @returns the new state and the measurements of the step
 * @throws SwatError `non-finite-loss` when the loss or the gradient is not finite; nothing has been updated then and
 * `state` is still good. (In mixed precision a gradient that overflows is no error but a step left out, with a smaller
 * loss scale for the next.) Errors of the forward pass leave it good, too. Only what the batches reach is checked: in
 * an untied model, a NaN in the embedding of a token that they do not hold changes neither loss nor gradient, and goes
 * unseen until a batch holds it.
 */
export async function trainingStep(
  state: TrainingState,
  config: SwatConfig,
  microBatches: readonly TokenBatch[],
  settings: TrainingSettings,
): Promise<TrainingStepResult> {
  const computed = computeGradients(state, config, microBatches, settings)
  let measurements: TrainingMeasurements
  try {
    measurements = await measure(computed, state.step)
  } catch (error) {
    disposeComputed(computed, { withLossScale: state.lossScale === undefined })
    throw error
  }
  return { ...measurements, ...update(state, computed, microBatches, settings) }
}

/**
 * The same step without waiting for the device: the caller can start the next one while this one is computed, and read
 * what it measured a step later.
 *
 * @param state - consumed: use only the state that is returned
 * @param config - the model
 * @param microBatches - run one after the other, as if they were one batch
 * @param settings - optimizer, learning rate, clipping, kernels
 * @returns see {@link StartedTrainingStep}
 * @throws what the forward pass throws; `state` is still good then
 */
export function startTrainingStep(
  state: TrainingState,
  config: SwatConfig,
  microBatches: readonly TokenBatch[],
  settings: TrainingSettings,
): StartedTrainingStep {
  const computed = computeGradients(state, config, microBatches, settings)
  const measured = measure(computed, state.step)
  measured.catch(() => undefined) // whoever awaits it gets the error
  return { ...update(state, computed, microBatches, settings), measured }
}

/** What the update is made of; all on the device. */
interface Computed {
  loss: tf.Scalar
  gradients: SwatParameters
  norm: tf.Scalar
  gradientScale: tf.Scalar
  lossScale: LossScale | null
}

function computeGradients(
  state: TrainingState,
  config: SwatConfig,
  microBatches: readonly TokenBatch[],
  { clip, kernels, checkpointActivations }: TrainingSettings,
): Computed {
  const lossScale = kernels?.precision === 'mixed' ? (state.lossScale ?? initialLossScale()) : null
  try {
    const { loss, gradients } = accumulateGradients(
      (parameters: SwatParameters, batch: TokenBatch) =>
        modelLoss(parameters, config, batch, { kernels, checkpointActivations }),
      state.parameters,
      microBatches,
      scoredTokens,
      { lossScale: lossScale?.scale },
    )
    const tensors = [...flattenParameters(gradients).values()]
    const options = { maxNorm: clip, kernels }
    const { norm, scale } = lossScale ? scaledGlobalNorm(tensors, lossScale, options) : globalNorm(tensors, options)
    return { loss, gradients, norm, gradientScale: scale, lossScale }
  } catch (error) {
    if (lossScale && !state.lossScale) tf.dispose([lossScale.scale, lossScale.stableSteps])
    throw error
  }
}

/** Reads back what the step measured, in one go. */
async function measure({ loss, norm, lossScale }: Computed, step: number): Promise<TrainingMeasurements> {
  const measured = tf.tidy(() => tf.stack([loss, norm, lossScale ? lossScale.scale : tf.scalar(1)]))
  const reading = measured.data<'float32'>()
  try {
    const [lossValue, gradientNorm, scale] = await reading
    const isFinite = Number.isFinite(gradientNorm)
    if (!Number.isFinite(lossValue) || (!isFinite && !lossScale)) throw nonFinite(step, lossValue, gradientNorm)
    return { loss: lossValue, gradientNorm, lossScale: scale, skipped: !isFinite }
  } finally {
    measured.dispose()
  }
}

function update(
  state: TrainingState,
  computed: Computed,
  microBatches: readonly TokenBatch[],
  { optimizer, schedule }: TrainingSettings,
): Omit<TrainingStepResult, keyof TrainingMeasurements> {
  const { gradients, gradientScale, lossScale } = computed
  const learningRate = schedule(state.step)
  const updated = optimizer.update(gradients, state.optimizer, state.parameters, learningRate, gradientScale)
  const nextScale = lossScale && nextLossScale(lossScale, gradientScale)
  disposeComputed(computed, { withLossScale: false })
  return {
    state: {
      step: state.step + 1,
      parameters: updated.parameters,
      optimizer: updated.state,
      ...(nextScale && { lossScale: nextScale }),
    },
    learningRate,
    tokens: microBatches.reduce((sum, { batchSize, length }) => sum + batchSize * length, 0),
  }
}

function disposeComputed(
  { loss, gradients, norm, gradientScale, lossScale }: Computed,
  { withLossScale }: { withLossScale: boolean },
): void {
  disposeParameters(gradients)
  tf.dispose([loss, norm, gradientScale])
  if (withLossScale && lossScale) tf.dispose([lossScale.scale, lossScale.stableSteps])
}

function scoredTokens(batch: TokenBatch): number {
  return batch.labels.reduce((count, label) => (label === -100 ? count : count + 1), 0)
}

function nonFinite(step: number, loss: number, gradientNorm: number): SwatError {
  return new SwatError(
    'non-finite-loss',
    `trainingStep: loss and gradient must be finite, but after ${step} updates the loss is ${loss} and the norm of the ` +
      `gradient ${gradientNorm}. The parameters were not changed: lower the learning rate or the clip, or skip this batch.`,
  )
}
