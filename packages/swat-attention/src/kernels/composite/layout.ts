import { tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'
import type { KeyRange } from '../../window/window.js'
import { join, type Matrices, oneByOne, split } from './matrices.js'
import type { Tile } from './tiles.js'
import type { Visibility } from './visibility.js'

/** Reads runs of places from a tensor that lies heads first, `[heads, length, headDim]`. */
export interface HeadsFirst {
  /**
   * For each key head the given places of its `group` heads, stacked: `[group · places, headDim]`.
   *
   * @param group - how many heads go into one matrix
   * @param ranges - runs of places
   * @param zeros - how many rows of zeros follow
   */
  read(group: number, ranges: readonly KeyRange[], zeros: number): Matrices
}

/** How the kernel holds its tensors: each head's sequence in one run of memory, so that tiles are runs as well. */
export interface Layout {
  /** Key and value heads of all sequences. */
  keyRows: number
  /** Size of a head. */
  headDim: number
  /** The queries of a tile, `[group · queries, headDim]` for each key head; zeros for those that see nothing. */
  queryTile(x: HeadsFirst, tile: Tile, visibility: Visibility | null): Matrices
  /**
   * The keys of a tile, `[columns, headDim]` for each key head; zeros for those that nothing sees, and with sink logits
   * one row of zeros more.
   */
  keyTile(x: HeadsFirst, tile: Tile, visibility: Visibility | null): Matrices
  /** A query tile's numbers as `[batch · heads, queries · headDim]`. */
  queryRows(x: tf.Tensor): tf.Tensor2D
}

/** The layout for some inputs. */
export function layoutOf({ queries, keys, sinkLogits }: SwatAttentionInputs): Layout {
  const [batch, , heads, headDim] = queries.shape
  const kvHeads = keys.shape[2]
  return {
    keyRows: batch * kvHeads,
    headDim,
    queryTile(x, { firstQuery, queries }, visibility) {
      const tile = x.read(heads / kvHeads, [{ start: firstQuery, end: firstQuery + queries }], 0)
      return visibility ? keepRows(tile, visibility.queries, [batch, heads, queries, headDim]) : tile
    },
    keyTile(x, { ranges }, visibility) {
      const tile = x.read(1, ranges, sinkLogits ? 1 : 0)
      return visibility
        ? keepRows(tile, visibility.columns, [batch, kvHeads, visibility.columns.shape[2], headDim])
        : tile
    },
    queryRows: (x) => tf.reshape(x, [batch * heads, -1]),
  }
}

/**
 * Sets the other rows to zero by selection: what is hidden may be NaN, and NaN · 0 is not 0.
 *
 * @param kept - `[sequences, 1, rows, 1]`, 1 or 0
 * @param shape - `[batch, heads, rows, headDim]` of all matrices together
 */
function keepRows(matrices: Matrices, kept: tf.Tensor4D, shape: [number, number, number, number]): Matrices {
  const x = join(matrices)
  const everywhere = tf.cast(tf.mul(kept, tf.ones(shape)), 'bool') // tf.where itself broadcasts slowly on wasm
  return split(tf.reshape(tf.where(everywhere, tf.reshape(x, shape), tf.zeros(shape)), x.shape))
}

/** Lays `[batch, length, heads, headDim]`, times a factor, out heads first. */
export function headsFirst(x: tf.Tensor4D, factor = 1): HeadsFirst {
  const [batch, length, heads, headDim] = x.shape
  const rows = tf.tidy(() => {
    const transposed = tf.transpose(factor === 1 ? x : tf.mul(x, factor), [0, 2, 1, 3])
    return tf.reshape(transposed, [batch * heads, length * headDim]) as tf.Tensor2D
  })
  if (!oneByOne()) return onDevice(rows, headDim)
  const data = rows.dataSync() as Float32Array
  rows.dispose()
  return onHost(data, batch * heads, length, headDim)
}

/** The inverse: anything of the size of `like` that lies heads first, in the shape of `like`. */
export function headsLast(x: tf.Tensor, like: tf.Tensor4D): tf.Tensor4D {
  const [batch, length, heads, headDim] = like.shape
  return tf.transpose(tf.reshape(x, [batch, heads, length, headDim]), [0, 2, 1, 3])
}

function onDevice(x: tf.Tensor2D, headDim: number): HeadsFirst {
  return {
    read(group, ranges, zeros) {
      const parts = notEmpty(ranges).map(({ start, end }) =>
        tf.slice(x, [0, start * headDim], [x.shape[0], (end - start) * headDim]),
      )
      if (zeros > 0) parts.push(tf.zeros([x.shape[0], zeros * headDim]))
      const joined = parts.length === 1 ? parts[0] : tf.concat(parts, 1)
      return [tf.reshape(joined, [x.shape[0] / group, -1, headDim])]
    },
  }
}

function onHost(data: Float32Array, heads: number, length: number, headDim: number): HeadsFirst {
  return {
    read(group, ranges, zeros) {
      const runs = notEmpty(ranges)
      const places = group * (runs.reduce((sum, { start, end }) => sum + end - start, 0) + zeros)
      return Array.from({ length: heads / group }, (_, i) => {
        const pieces = Array.from({ length: group }, (_, j) => (i * group + j) * length).flatMap((first) =>
          runs.map(({ start, end }) => data.subarray((first + start) * headDim, (first + end) * headDim)),
        )
        const matrix = pieces.length === 1 && zeros === 0 ? pieces[0] : concatenated(pieces, places * headDim)
        return tf.tensor2d(matrix, [places, headDim])
      })
    },
  }
}

function concatenated(pieces: readonly Float32Array[], size: number): Float32Array {
  const all = new Float32Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const notEmpty = (ranges: readonly KeyRange[]) => ranges.filter(({ start, end }) => start < end)
