import { matMul, supported, tf } from '@swat-js/tensor-core'
import type { CachedAttentionInputs, CachedAttentionKernel } from '../../contract.js'
import { type Block, blocksOf } from './blocks.js'
import { columnsOf } from './columns.js'
import { ownRows, seenRows, writtenRows } from './rows.js'

/**
 * TensorFlow.js ops only. A block of new tokens at a time attends to the past and to itself; then the past is put
 * together anew, as no TensorFlow.js op writes in place. No tensor holds more than the logits of one block.
 */
export const kernel: CachedAttentionKernel = {
  name: 'composite',
  supports: () => supported,

  attend(inputs) {
    let past = { pastKeys: inputs.pastKeys, pastValues: inputs.pastValues }
    const outputs = blocksOf(inputs).map((block) => {
      const { output, ...next } = tf.tidy(() => attendBlock({ ...inputs, ...past }, block))
      if (past.pastKeys !== inputs.pastKeys) tf.dispose(past)
      past = next
      return output
    })
    return { output: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), ...past }
  },
}

function attendBlock(inputs: CachedAttentionInputs, block: Block) {
  const { pastKeys, pastValues, scale } = inputs
  const [batch, total, heads, headDim] = inputs.queries.shape
  const kvHeads = pastKeys.shape[2]
  const { start, length } = block
  const tokensOf = (x: tf.Tensor4D) => (length === total ? x : tf.slice(x, [0, start, 0, 0], [-1, length, -1, -1]))
  const [queries, keys, values] = [inputs.queries, inputs.keys, inputs.values].map(tokensOf)
  const { count, visible, distance, isKey, isSink } = columnsOf(inputs, block)

  const headsFirst = (x: tf.Tensor4D) => tf.transpose(x, [0, 2, 1, 3]) // [batch, kvHeads, columns, headDim]
  const grouped = tf.reshape(tf.mul(ownRows(queries, block), scale), [batch, length, kvHeads, -1, headDim])
  const ofKvHead = tf.reshape(tf.transpose(grouped, [0, 2, 3, 1, 4]), [batch, kvHeads, -1, headDim])
  const product = length < fewQueries ? tf.matMul : plainProduct
  const products = product(ofKvHead, headsFirst(seenRows(pastKeys, keys, inputs, block)), false, true)

  const ofAllHeads = (x: Float32Array) => tf.tensor3d(x, [batch, 1, length * count])
  const logits = addTerms(tf.reshape(products, [batch, heads, length * count]), inputs, {
    distance: ofAllHeads(distance),
    isKey: ofAllHeads(isKey),
    isSink: ofAllHeads(isSink),
  })
  const seen = ofAllHeads(visible)
  const weights = tf.mul(activate(logits, seen, inputs, count), seen)
  const sums = product(tf.reshape(weights, products.shape), headsFirst(seenRows(pastValues, values, inputs, block)))
  const apart = tf.transpose(tf.reshape(sums, [batch, kvHeads, -1, length, headDim]), [0, 3, 1, 2, 4])
  return {
    output: tf.reshape(apart, [batch, length, heads, headDim]) as tf.Tensor4D,
    pastKeys: writtenRows(pastKeys, keys, inputs, block),
    pastValues: writtenRows(pastValues, values, inputs, block),
  }
}

/** Adds slopes, bias, table and sink logits to `[batch, heads, length · columns]`. */
function addTerms(
  logits: tf.Tensor,
  { slopes, bias, distanceTable, sinkLogits }: CachedAttentionInputs,
  { distance, isKey, isSink }: Record<'distance' | 'isKey' | 'isSink', tf.Tensor3D>,
): tf.Tensor {
  const times = (term: tf.Tensor1D, where: tf.Tensor) => tf.mul(tf.reshape(term, [1, -1, 1]), where)
  let sum = logits
  if (slopes) sum = tf.add(sum, times(slopes, distance))
  if (bias) sum = tf.add(sum, times(bias, isKey))
  if (sinkLogits) sum = tf.add(sum, times(sinkLogits, isSink))
  if (distanceTable) {
    const [heads, tableLength] = distanceTable.shape
    const entry = tf.where(tf.cast(isKey, 'bool'), tf.minimum(distance, tableLength), tableLength)
    const noEntry = tf.zeros<tf.Rank.R2>([heads, 1])
    const table = tf.concat([distanceTable, noEntry], 1)
    const picked = tf.gather(table, tf.cast(tf.reshape(entry, [-1]), 'int32'), 1) // [heads, batch · length · columns]
    sum = tf.add(sum, tf.transpose(tf.reshape(picked, [heads, logits.shape[0], -1]), [1, 0, 2]))
  }
  return sum
}

/** Added to what a query does not see: very negative, but finite, as padding sees nothing at all. */
const hidden = -1e30

function activate(
  logits: tf.Tensor,
  seen: tf.Tensor,
  { activation }: CachedAttentionInputs,
  columns: number,
): tf.Tensor {
  if (activation === 'sigmoid') return tf.sigmoid(logits)
  const shown = tf.add(logits, tf.mul(tf.sub(1, seen), hidden))
  return tf.reshape(tf.softmax(tf.reshape(shown, [-1, columns])), logits.shape)
}

/** Below it, taking a batch of products apart on wasm costs more than TensorFlow.js's slow batched product. */
const fewQueries = 8

function plainProduct(a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): tf.Tensor {
  return matMul(a, b, { transposeA, transposeB })
}
