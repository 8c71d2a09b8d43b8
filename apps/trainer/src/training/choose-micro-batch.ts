import { trainingMemory, type SwatConfig } from '@swat-js/models'
import { hasMemory, SwatError } from '@swat-js/tensor-core'
import type { TrainingSettings } from '../config/run-config.js'

/**
 * What is asked for beyond the predicted peak: on an H100 steps of the 340M model took 17 to 20 % more, in buffers that
 * wait to be used again.
 */
export const reserve = 1.25

/**
 * How many sequences are computed at a time.
 *
 * @param model - the model
 * @param training - as configured
 * @param fits - whether the device can hold so many bytes; by default asks the engine in use
 * @returns a divisor of `batchSize`: as configured, or for `auto` the largest that fits
 * @throws SwatError `memory` when not even one sequence fits, `config` for `auto` with a recurrence, whose memory is
 * not predicted
 */
export async function chooseMicroBatch(
  model: SwatConfig,
  training: Pick<TrainingSettings, 'batchSize' | 'microBatchSize' | 'length' | 'checkpointActivations'>,
  fits: (bytes: number) => Promise<boolean> = hasMemory,
): Promise<number> {
  const { batchSize, microBatchSize, length, checkpointActivations } = training
  if (microBatchSize !== 'auto') return microBatchSize ?? batchSize
  if (model.mixer !== 'attention') {
    throw new SwatError(
      'config',
      `training.microBatchSize: auto goes by the predicted memory, and that of ${model.mixer} is not ` +
        `predicted, only that of attention. Give a number, a divisor of training.batchSize (${batchSize}).`,
    )
  }
  const needs = (size: number) => trainingMemory(model, { batchSize: size, length, checkpointActivations }).peak
  for (let size = batchSize; size >= 1; size--) {
    if (batchSize % size === 0 && (await fits(reserve * needs(size)))) return size
  }
  const wayOut = checkpointActivations ? '' : 'training.checkpointActivations, '
  throw new SwatError(
    'memory',
    `One sequence of ${length} tokens takes about ${(needs(1) / 1e9).toPrecision(3)} GB to train on and the device has ` +
      `less. Choose ${wayOut}a smaller training.length or a smaller model.`,
  )
}
