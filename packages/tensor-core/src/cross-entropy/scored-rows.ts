import { hostValues } from '../engines/host-values.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'

/** Labels that are always a class, and what each row counts. */
export interface ScoredRows {
  /** int32 `[rows]`; in an ignored row any class. */
  labels: tf.Tensor1D
  /** `[rows]`; 1 / number of scored rows, 0 in an ignored row. */
  rowWeights: tf.Tensor1D
}

/**
 * Checks labels and prepares them for the kernels, which so need no second definition of what is ignored.
 *
 * @param labels - as `crossEntropy` takes them
 * @param vocabSize - number of classes
 * @param ignoreIndex - label of the rows that are not scored
 * @returns a function that makes the tensors
 * @throws SwatError `dtype`, `label`, `no-labels` as `crossEntropy` does
 */
export function scoredRows(labels: tf.Tensor1D, vocabSize: number, ignoreIndex: number): () => ScoredRows {
  if (labels.dtype !== 'int32') {
    throw new SwatError(
      'dtype',
      `crossEntropy: labels must be int32, but are ${labels.dtype}. Make them with tf.tensor1d(…, 'int32').`,
    )
  }
  const values = hostValues(labels)
  if (values === null) return () => onDevice(labels, vocabSize, ignoreIndex)
  return onHost(values, vocabSize, ignoreIndex)
}

function onHost(values: Int32Array | Float32Array | Uint8Array, vocabSize: number, ignoreIndex: number) {
  const at = values.findIndex((label) => label !== ignoreIndex && (label < 0 || label >= vocabSize))
  if (at >= 0) {
    throw new SwatError(
      'label',
      `crossEntropy: labels must be in 0 … ${vocabSize - 1} or ${ignoreIndex} (ignored), but label number ${at} is ` +
        `${values[at]}.`,
    )
  }
  const scored = Array.from(values).filter((label) => label !== ignoreIndex).length
  if (scored === 0) {
    throw new SwatError(
      'no-labels',
      `crossEntropy: at least one row must be scored, but all ${values.length} labels are ${ignoreIndex} (ignored). ` +
        'Leave this batch out.',
    )
  }
  const classes = Int32Array.from(values, (label) => (label === ignoreIndex ? 0 : label))
  const weights = Float32Array.from(values, (label) => (label === ignoreIndex ? 0 : 1 / scored))
  return () => ({ labels: tf.tensor1d(classes, 'int32'), rowWeights: tf.tensor1d(weights) })
}

/** The same without looking: a label outside the vocabulary, or no scored row, gives weights of NaN. */
function onDevice(labels: tf.Tensor1D, vocabSize: number, ignoreIndex: number): ScoredRows {
  const classes = tf.maximum(tf.minimum(labels, tf.scalar(vocabSize - 1, 'int32')), tf.scalar(0, 'int32'))
  const isScored = tf.notEqual(labels, tf.scalar(ignoreIndex, 'int32'))
  const scored = tf.cast(isScored, 'float32')
  const count = tf.sum(scored)
  const isWrong = tf.logicalOr(tf.logicalAnd(isScored, tf.notEqual(labels, classes)), tf.equal(count, 0))
  const rowWeights = tf.where(isWrong, tf.fill([labels.size], NaN), tf.div(scored, count))
  return { labels: classes as tf.Tensor1D, rowWeights: rowWeights as tf.Tensor1D }
}
