import { tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'
import { problemFields } from './shader.js'

/** Positions and distances are 32-bit integers in the shaders; beyond this they are all equally far. */
const far = 2 ** 30

/** The tensors of a call under the names of their bindings; null where absent. */
export function boundTensors(inputs: SwatAttentionInputs): Record<string, tf.Tensor | null> {
  const { queries, keys, values, slopes, bias, distanceTable, sinkLogits, querySegments, keySegments } = inputs
  const floats = Object.entries({ queries, keys, values, slopes, bias, distanceTable, sinkLogits }).map(
    ([name, tensor]): [string, tf.Tensor | null] => [
      name,
      tensor && tensor.dtype !== 'float32' ? tf.cast(tensor, 'float32') : tensor,
    ],
  )
  return { ...Object.fromEntries(floats), querySegments, keySegments, places: places(inputs) }
}

/** `[batch, 2]`: distance and sink keys of each sequence, where they differ. */
function places(inputs: SwatAttentionInputs): tf.Tensor | null {
  const distances = inputs.queryOffsets.map((_, b) => [distanceOf(inputs, b), sinkKeysOf(inputs, b)])
  const same = distances.every(([distance, sinkKeys]) => distance === distances[0][0] && sinkKeys === distances[0][1])
  return same ? null : tf.tensor2d(distances, [distances.length, 2], 'int32')
}

const clamp = (value: number) => Math.min(far, Math.max(-far, value))

function distanceOf({ queryOffsets, keyOffsets }: SwatAttentionInputs, sequence: number): number {
  return clamp(queryOffsets[sequence] - keyOffsets[sequence])
}

function sinkKeysOf({ sinks, keyOffsets, keys }: SwatAttentionInputs, sequence: number): number {
  return Math.min(keys.shape[1], Math.max(0, sinks - keyOffsets[sequence]))
}

/** The uniform buffer. */
export const problemUniforms = {
  /** Whether the window can hide anything. */
  windowed: ({ window }: SwatAttentionInputs): boolean => window !== null && window < far,

  /** The bytes, in the order of `problemFields`. */
  write(inputs: SwatAttentionInputs, tiles: number, partsLength: number): ArrayBuffer {
    const { queries, keys, distanceTable, window, scale } = inputs
    const values: Record<(typeof problemFields)[number], number> = {
      queries: queries.shape[1],
      keys: keys.shape[1],
      heads: queries.shape[2],
      kvHeads: keys.shape[2],
      window: clamp(window ?? far),
      distance: distanceOf(inputs, 0),
      sinkKeys: sinkKeysOf(inputs, 0),
      tableLength: distanceTable?.shape[1] ?? 0,
      tiles,
      partsLength,
      notANumber: 0x7fc00000,
      scale,
    }
    const view = new DataView(new ArrayBuffer(4 * Math.ceil(problemFields.length / 4) * 4))
    problemFields.forEach((name, i) => {
      if (name === 'scale') view.setFloat32(4 * i, values[name], true)
      else view.setInt32(4 * i, values[name], true)
    })
    return view.buffer
  },
}
