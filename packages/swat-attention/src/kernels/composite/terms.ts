import { tf } from '@swat-js/tensor-core'
import type { AttentionTerm, SwatAttentionInputs } from '../../op/contract.js'
import { inWindow } from '../../window/window.js'
import { keysIn, offsetsOf, type Tile } from './tiles.js'

/** Added to logits that are hidden: σ and softmax make it exactly 0. */
export const hidden = -1e30

/**
 * Where the pairs of a tile stand, row-major over [queries, columns]. A column is a key; with sink logits there is one
 * more, a key of zeros whose logit is the sink's.
 */
export interface Geometry {
  columns: number
  distance: Float32Array
  isKey: Float32Array
  isSink: Float32Array
  /** 1 where the query sees the column, 0 where not. */
  visible: Float32Array
  /** Whether some query sees no key, or some key is not seen. */
  idle: boolean
}

/** The places of a tile's pairs. */
export function geometryOf(tile: Tile, inputs: SwatAttentionInputs): Geometry {
  const { window, sinks, sinkLogits } = inputs
  const { queryOffset, keyOffset } = offsetsOf(inputs)
  const columns = keysIn(tile) + (sinkLogits ? 1 : 0)
  const zeros = () => new Float32Array(tile.queries * columns)
  const [distance, isKey, isSink, visible] = [zeros(), zeros(), zeros(), zeros()]
  const keySeen = new Uint8Array(columns)
  let queriesSeeing = 0
  let at = 0
  for (let i = 0; i < tile.queries; i++) {
    const query = queryOffset + tile.firstQuery + i
    const first = at
    let sees = false
    for (const { start, end } of tile.ranges) {
      for (let n = start; n < end; n++, at++) {
        const key = keyOffset + n
        isKey[at] = 1
        if (!inWindow(query, key, window) && !(key < sinks && inWindow(query, key, null))) continue
        visible[at] = keySeen[at - first] = 1
        distance[at] = query - key
        sees = true
      }
    }
    if (sinkLogits) isSink[at] = visible[at++] = keySeen[columns - 1] = 1
    if (sees) queriesSeeing++
  }
  return { columns, distance, isKey, isSink, visible, idle: queriesSeeing < tile.queries || keySeen.includes(0) }
}

/**
 * What a tile adds to its logits, `[heads, queries, columns]`: slopes, bias, table and sink logits, and {@link hidden}
 * where the place of a pair hides it.
 */
export function termOf(tile: Tile, geometry: Geometry, inputs: SwatAttentionInputs): tf.Tensor3D {
  const { slopes, bias, distanceTable, sinkLogits } = inputs
  const heads = inputs.queries.shape[2]
  const { columns, distance, isKey, isSink, visible } = geometry
  const row = (values: Float32Array) => tf.tensor2d(values, [1, values.length])
  const perHead = (values: tf.Tensor1D, where: Float32Array) => tf.mul(tf.reshape(values, [heads, 1]), row(where))
  const mask = row(visible.map((visible) => (visible === 1 ? 0 : hidden)))
  let sum: tf.Tensor = tf.add(tf.zeros([heads, 1]), mask) // [heads, queries · columns]
  if (slopes) sum = tf.add(sum, perHead(slopes, distance))
  if (bias) sum = tf.add(sum, perHead(bias, isKey))
  if (sinkLogits) sum = tf.add(sum, perHead(sinkLogits, isSink))
  if (distanceTable) {
    const padded = tf.pad(distanceTable, [
      [0, 0],
      [0, 1],
    ])
    sum = tf.add(sum, tf.gather(padded, tableIndex(geometry, distanceTable.shape[1]), 1))
  }
  return tf.reshape(sum, [heads, tile.queries, columns])
}

/** Position in the table of each pair; the entry after the last where there is none. */
function tableIndex({ distance, isKey, visible }: Geometry, tableLength: number): tf.Tensor1D {
  const index = Int32Array.from(distance, (distance, i) =>
    isKey[i] === 1 && visible[i] === 1 ? Math.min(distance, tableLength) : tableLength,
  )
  return tf.tensor1d(index, 'int32')
}

/**
 * Gradients of the wanted terms from the gradient of a tile's logits.
 *
 * @param logitsGradient - `[heads, queries · columns]`, zero where hidden
 */
export function termGradients(
  logitsGradient: tf.Tensor2D,
  geometry: Geometry,
  inputs: SwatAttentionInputs,
  wanted: readonly AttentionTerm[],
): tf.Tensor[] {
  const sumOver = (weight: Float32Array) =>
    tf.reshape(tf.matMul(logitsGradient, tf.tensor2d(weight, [weight.length, 1])), [-1])
  const gradients: Record<AttentionTerm, () => tf.Tensor> = {
    slopes: () => sumOver(geometry.distance),
    bias: () => sumOver(geometry.isKey),
    sinkLogits: () => sumOver(geometry.isSink),
    distanceTable: () => {
      const [heads, tableLength] = inputs.distanceTable?.shape ?? [0, 0]
      const index = tf.reshape(tableIndex(geometry, tableLength), [-1, 1])
      const byDistance = tf.scatterND(index, tf.transpose(logitsGradient), [tableLength + 1, heads])
      return tf.transpose(tf.slice(byDistance, [0, 0], [tableLength, heads]))
    },
  }
  return wanted.map((name) => gradients[name]())
}

/** Equal for tiles with equal terms. */
export function termKey({ firstQuery, queries, ranges }: Tile): string {
  return [queries, ...ranges.map(({ start, end }) => `${firstQuery - start}+${end - start}`)].join(' ')
}
