import { tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'
import type { Geometry } from './terms.js'
import { keysIn, type Tile } from './tiles.js'

/** What is visible in a tile; `sequences` is `batch`, or 1 where all sequences are alike. */
export interface Visibility {
  /** `[sequences, queries, columns]`, 1 where visible and 0 where not; a sink's column is 1. */
  pairs: tf.Tensor3D
  /** `[sequences, 1, queries, 1]`, 1 where the query sees a key. */
  queries: tf.Tensor4D
  /** `[sequences, 1, columns, 1]`, 1 where a query sees the column. */
  columns: tf.Tensor4D
}

/**
 * What is visible in a tile, where the term alone does not tell: with segment ids, and where a query or a key is wholly
 * hidden.
 */
export function visibilityOf(
  tile: Tile,
  { columns, visible, idle }: Geometry,
  inputs: SwatAttentionInputs,
): Visibility | null {
  const { querySegments, keySegments, sinkLogits } = inputs
  if (!idle && !querySegments) return null
  const keys = keysIn(tile)
  const byPlace = tf.slice(tf.tensor3d(visible, [1, tile.queries, columns]), [0, 0, 0], [1, tile.queries, keys])
  const seen = querySegments && keySegments ? tf.mul(byPlace, sameSegment(tile, querySegments, keySegments)) : byPlace
  const [sequences] = seen.shape
  const seenByAny = tf.max(seen, 1) // [sequences, keys]
  const ones = (...shape: number[]) => tf.ones([...shape, 1])
  const withSink = (x: tf.Tensor) => (sinkLogits ? tf.concat([x, ones(...x.shape.slice(0, -1))], x.rank - 1) : x)
  return {
    pairs: withSink(seen) as tf.Tensor3D,
    queries: tf.reshape(tf.max(seen, 2), [sequences, 1, tile.queries, 1]),
    columns: tf.reshape(withSink(seenByAny), [sequences, 1, columns, 1]),
  }
}

/** `[batch, queries, keys]`, 1 where the ids are equal. */
function sameSegment(tile: Tile, querySegments: tf.Tensor2D, keySegments: tf.Tensor2D): tf.Tensor {
  const [batch] = querySegments.shape
  const part = (ids: tf.Tensor2D, start: number, size: number) => tf.slice(ids, [0, start], [batch, size])
  const runs = tile.ranges.filter(({ start, end }) => start < end)
  const ofKeys = runs.map(({ start, end }) => part(keySegments, start, end - start))
  const ofQueries = part(querySegments, tile.firstQuery, tile.queries)
  return tf.cast(tf.equal(tf.expandDims(ofQueries, 2), tf.expandDims(tf.concat(ofKeys, 1), 1)), 'float32')
}
