import {
  accumulateGradients,
  clipByGlobalNorm,
  disposeParameters,
  SwatError,
  type AdamWState,
  type KernelPolicy,
  type LearningRateSchedule,
  type Optimizer,
} from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { modelLoss, type TokenBatch } from './model-loss.js'

/** Everything that a step changes. */
export interface TrainingState {
  /** Updates done. */
  step: number
  /** The weights. */
  parameters: SwatParameters
  /** Moments of the optimizer. */
  optimizer: AdamWState
}

/** How a step trains. */
export interface TrainingSettings {
  /** Turns gradients into an update. */
  optimizer: Optimizer
  /** Learning rate by number of updates done. */
  schedule: LearningRateSchedule
  /** Largest norm of the whole gradient; `null` = no limit. */
  clip: number | null
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a step reports. */
export interface TrainingStepResult {
  /** State after the update. */
  state: TrainingState
  /** Mean nats for each scored token, before the update. */
  loss: number
  /** Norm of the whole gradient before clipping. */
  gradientNorm: number
  /** Learning rate of this update. */
  learningRate: number
  /** Tokens read, scored or not. */
  tokens: number
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
 * `state` is still good. Errors of the forward pass leave it good, too. Only what the batches reach is checked: in an
 * untied model, a NaN in the embedding of a token that they do not hold changes neither loss nor gradient, and goes
 * unseen until a batch holds it.
 */
export async function trainingStep(
  state: TrainingState,
  config: SwatConfig,
  microBatches: readonly TokenBatch[],
  settings: TrainingSettings,
): Promise<TrainingStepResult> {
  const { optimizer, schedule, clip, kernels } = settings

  const { loss, gradients } = await accumulateGradients(
    (parameters: SwatParameters, batch: TokenBatch) => modelLoss(parameters, config, batch, { kernels }),
    state.parameters,
    microBatches,
    scoredTokens,
  )
  const clipped = await clipByGlobalNorm(gradients, clip)
  if (!Number.isFinite(loss) || !Number.isFinite(clipped.norm)) {
    disposeParameters(clipped.gradients)
    throw nonFinite(state.step, loss, clipped.norm)
  }

  const learningRate = schedule(state.step)
  const updated = optimizer.update(clipped.gradients, state.optimizer, state.parameters, learningRate)
  disposeParameters(clipped.gradients)

  return {
    state: { step: state.step + 1, parameters: updated.parameters, optimizer: updated.state },
    loss,
    gradientNorm: clipped.norm,
    learningRate,
    tokens: microBatches.reduce((sum, { batchSize, length }) => sum + batchSize * length, 0),
  }
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
