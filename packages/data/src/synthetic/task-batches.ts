import type { BatchSource } from '../batches/next-token-batches.js'
import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import type { SyntheticTask } from './synthetic-task.js'

/** Options of {@link taskBatches}. */
export interface TaskBatchOptions {
  /** Examples in a batch. */
  batchSize: number
  /** Examples of an epoch, after which the same ones come again; default 2⁴⁰, which is endless. */
  examples?: number
}

/**
 * Examples of a task as batches to train on, in the order of their index. Another seed of the task gives others; with
 * `examples` it is a training set of that size.
 *
 * @param task - where examples come from
 * @param options - see {@link TaskBatchOptions}
 * @throws {DataError} `invalid-argument` for a size that is no whole number from 1
 */
export function taskBatches(task: SyntheticTask, { batchSize, examples = 2 ** 40 }: TaskBatchOptions): BatchSource {
  checkInteger('taskBatches', 'batchSize', batchSize, 1)
  checkInteger('taskBatches', 'examples', examples, 1)
  const { length } = task
  let place = { epoch: 0, sequence: 0 }
  return {
    sequencesPerEpoch: [examples],
    tokensPerBatch: batchSize * length,
    next() {
      const inputs = new Int32Array(batchSize * length) // [batchSize, length]
      const labels = new Int32Array(batchSize * length) // [batchSize, length]
      for (let row = 0; row < batchSize; row++) {
        const example = task.example(place.sequence)
        inputs.set(example.inputs, row * length)
        labels.set(example.labels, row * length)
        const { epoch, sequence } = place
        place = sequence + 1 < examples ? { epoch, sequence: sequence + 1 } : { epoch: epoch + 1, sequence: 0 }
      }
      return { inputs, labels, batchSize, length }
    },
    cursor: () => [{ ...place }],
    seek(places) {
      if (!Array.isArray(places) || places.length !== 1) {
        const got = Array.isArray(places) ? `${places.length}` : JSON.stringify(places)
        throw new DataError('invalid-argument', `seek: the cursor of a task must have one place, got ${got}.`)
      }
      const [{ epoch, sequence }] = places as [(typeof places)[number]]
      checkInteger('seek', 'cursor[0].epoch', epoch, 0)
      checkInteger('seek', 'cursor[0].sequence', sequence, 0, examples - 1)
      place = { epoch, sequence }
    },
  }
}
