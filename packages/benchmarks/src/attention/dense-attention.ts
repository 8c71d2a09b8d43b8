import { tf } from '@swat-js/tensor-core'
import type { Attend } from './attention-method.js'
import type { AttentionShape } from './attention-problem.js'

/** A baseline and what it holds between calls. */
export interface DenseAttention {
  /** The attention. */
  attend: Attend
  /** Frees the masks. */
  dispose(): void
}

/**
 * Masked dense attention as one writes it in TensorFlow.js: the heads of a call in one batched product, logits of
 * `[batch · heads, length, length]`, a band mask, gradients by TensorFlow.js. Distances and mask are made once.
 *
 * @param shape - the sizes; of the heads, only that they come in groups of `heads / kvHeads`
 * @returns the attention; the caller's to dispose
 */
export function denseAttention({ batch, headDim, length, window, activation }: AttentionShape): DenseAttention {
  const { distance, mask } = tf.tidy(() => {
    const positions = tf.range(0, length, 1, 'float32')
    const distance = tf.sub(tf.expandDims(positions, 1), tf.expandDims(positions, 0)) // [queries, keys]
    const inside = tf.logicalAnd(tf.greaterEqual(distance, 0), tf.less(distance, window ?? length))
    return { distance, mask: tf.cast(inside, 'float32') }
  })
  const hidden = activation === 'softmax' ? tf.tidy(() => tf.mul(tf.sub(1, mask), -1e9)) : null

  const attend: Attend = ({ queries, keys, values }, { slopes }) => {
    const heads = queries.shape[2]
    const group = heads / keys.shape[2]
    const perHead = (x: tf.Tensor4D) =>
      tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * x.shape[2], length, headDim]) as tf.Tensor3D
    const shared = (x: tf.Tensor4D): tf.Tensor3D => {
      if (group === 1) return perHead(x)
      const rows = tf.reshape(x, [batch * length, x.shape[2], 1, headDim]) // tile has no gradient beyond rank 4
      const repeated = tf.tile(rows, [1, 1, group, 1])
      return perHead(tf.reshape(repeated, [batch, length, heads, headDim]))
    }
    let logits: tf.Tensor = tf.mul(tf.matMul(perHead(queries), shared(keys), false, true), headDim ** -0.5)
    if (slopes !== null) {
      const everySequence = Array.from({ length: batch }, () => slopes).flat()
      logits = tf.add(logits, tf.mul(tf.tensor3d(everySequence, [batch * heads, 1, 1]), distance))
    }
    const weights = hidden ? tf.softmax(tf.add(logits, hidden)) : tf.mul(tf.sigmoid(logits), mask)
    const attended = tf.matMul(weights as tf.Tensor3D, shared(values)) // [batch · heads, length, headDim]
    return tf.transpose(tf.reshape(attended, [batch, heads, length, headDim]), [0, 2, 1, 3])
  }
  return { attend, dispose: () => tf.dispose(hidden ? [distance, mask, hidden] : [distance, mask]) }
}
