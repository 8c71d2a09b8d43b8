import { SwatError } from '../swat-error.js'

/**
 * What each position should predict: the ids shifted left by one, with -100 (ignored by `crossEntropy`) in the last
 * position of each sequence, as Hugging Face models do (spec 4.1).
 *
 * @param ids - token ids of `batchSize` sequences, row after row
 * @param batchSize - number of sequences
 * @param length - tokens of a sequence
 * @returns labels of the same length as `ids`
 * @throws SwatError `shape` when there are not `batchSize · length` ids
 */
export function nextTokenLabels(ids: Int32Array, batchSize: number, length: number): Int32Array {
  if (ids.length !== batchSize * length) {
    throw new SwatError(
      'shape',
      `nextTokenLabels: expected batchSize · length = ${batchSize} · ${length} = ${batchSize * length} ids, ` +
        `but ${ids.length} came.`,
    )
  }
  const labels = new Int32Array(ids.length)
  labels.set(ids.subarray(1))
  for (let row = 1; row <= batchSize; row++) labels[row * length - 1] = -100
  return labels
}
