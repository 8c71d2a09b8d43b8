import { tf } from '@swat-js/tensor-core'
import type { AttentionTerm, SwatAttentionInputs } from '../../op/contract.js'
import { inWindow } from '../../window/window.js'
import { keysIn, type Tile } from './tiles.js'

/** Added to logits that the window hides: σ and softmax make it exactly 0. */
const hidden = -1e9

/**
 * Where the pairs of a tile stand, row-major over [queries, columns]. A column is a key; with sink logits there is one
 * more, a key of zeros whose logit is the sink's.
 */
interface Geometry {
  columns: number
  distance: Float32Array
  isKey: Float32Array
  isSink: Float32Array
  mask: Float32Array
  /** Whether some query sees nothing. */
  blind: boolean
}

function geometryOf(tile: Tile, inputs: SwatAttentionInputs): Geometry {
  const { queryOffset, keyOffset, window, sinks, sinkLogits } = inputs
  const columns = keysIn(tile) + (sinkLogits ? 1 : 0)
  const zeros = () => new Float32Array(tile.queries * columns)
  const geometry = { columns, distance: zeros(), isKey: zeros(), isSink: zeros(), mask: zeros(), blind: false }
  let at = 0
  for (let i = 0; i < tile.queries; i++) {
    const query = queryOffset + tile.firstQuery + i
    let seen = sinkLogits ? 1 : 0
    for (const { start, end } of tile.ranges) {
      for (let n = start; n < end; n++, at++) {
        const key = keyOffset + n
        const visible = inWindow(query, key, window) || (key < sinks && inWindow(query, key, null))
        geometry.isKey[at] = 1
        if (visible) geometry.distance[at] = query - key
        else geometry.mask[at] = hidden
        if (visible) seen++
      }
    }
    if (sinkLogits) geometry.isSink[at++] = 1
    if (seen === 0) geometry.blind = true
  }
  return geometry
}

/** What a tile adds to its logits. */
export type TileTerm<T extends tf.Tensor> = {
  /** Slopes, bias, table and sink logits, very negative where hidden. */
  logits: T
  /** The same shape, 1 where visible and 0 where not; only when some query sees nothing. */
  visible?: T
}

/** The term of a tile, `[heads, queries, columns]`. */
export function termOf(tile: Tile, inputs: SwatAttentionInputs): TileTerm<tf.Tensor3D> {
  const { slopes, bias, distanceTable, sinkLogits } = inputs
  const heads = inputs.queries.shape[2]
  const geometry = geometryOf(tile, inputs)
  const { columns, distance, isKey, isSink, mask, blind } = geometry
  const row = (values: Float32Array) => tf.tensor2d(values, [1, values.length])
  const perHead = (values: tf.Tensor1D, where: Float32Array) => tf.mul(tf.reshape(values, [heads, 1]), row(where))
  let sum: tf.Tensor = tf.add(tf.zeros([heads, 1]), row(mask)) // [heads, queries · columns]
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
  const shape: [number, number, number] = [heads, tile.queries, columns]
  const logits = tf.reshape(sum, shape) as tf.Tensor3D
  if (!blind) return { logits }
  const visible = row(mask.map((value) => (value === hidden ? 0 : 1)))
  return { logits, visible: tf.reshape(tf.add(tf.zeros([heads, 1]), visible), shape) as tf.Tensor3D }
}

/** Position in the table of each pair; the entry after the last where there is none. */
function tableIndex({ distance, isKey, mask }: Geometry, tableLength: number): tf.Tensor1D {
  const index = Int32Array.from(distance, (distance, i) =>
    isKey[i] === 1 && mask[i] === 0 ? Math.min(distance, tableLength) : tableLength,
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
  tile: Tile,
  inputs: SwatAttentionInputs,
  wanted: readonly AttentionTerm[],
): tf.Tensor[] {
  const geometry = geometryOf(tile, inputs)
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
