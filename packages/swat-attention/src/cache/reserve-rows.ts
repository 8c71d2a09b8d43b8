import { tf } from '@swat-js/tensor-core'
import type { RollingCache } from './rolling-cache.js'

/**
 * Makes room for new tokens in a cache without a window, whose ring must not overwrite anything: doubles it until they
 * fit, each key moving to its row in the larger ring. A cache with a window always has room.
 *
 * @param cache - its memory is exchanged for a larger one
 * @param lengths - new tokens of each sequence
 */
export function reserveRows(
  { memory, window, batchSize, positions, starts }: RollingCache,
  lengths: readonly number[],
) {
  const [, capacity, ...vector] = memory.keys.shape
  const needed = Math.max(...lengths.map((length, b) => positions[b] - starts[b] + length))
  if (window !== null || needed <= capacity) return
  let larger = capacity
  while (larger < needed) larger *= 2

  const sources = new Int32Array(batchSize * larger)
  for (let b = 0; b < batchSize; b++) {
    for (let position = starts[b]; position < positions[b]; position++) {
      sources[b * larger + (position % larger)] = b * capacity + (position % capacity)
    }
  }
  const moved = (past: tf.Tensor4D) =>
    tf.tidy(() => {
      const rows = tf.reshape(past, [batchSize * capacity, -1])
      return tf.reshape(tf.gather(rows, tf.tensor1d(sources, 'int32')), [batchSize, larger, ...vector]) as tf.Tensor4D
    })
  const [keys, values] = [tf.keep(moved(memory.keys)), tf.keep(moved(memory.values))]
  tf.dispose([memory.keys, memory.values])
  Object.assign(memory, { keys, values })
}
