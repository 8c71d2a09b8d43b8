import { tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'
import { problemFields, termOrder } from './shader.js'

/** Distances are 32-bit integers in the shaders, and below this. */
export const far = 2 ** 30

/** The tensors of a call under the names of their bindings; null where absent. */
export function boundTensors(inputs: SwatAttentionInputs): Record<string, tf.Tensor | null> {
  const { queries, keys, values, querySegments, keySegments } = inputs
  const given = termOrder.map((name) => inputs[name]).filter((tensor) => tensor !== null)
  return {
    queries: float32(queries),
    keys: float32(keys),
    values: float32(values),
    terms: joined(given.map(float32)),
    integers: joined([querySegments, keySegments, placesOf(inputs)].filter((tensor) => tensor !== null)),
  }
}

function float32(tensor: tf.Tensor): tf.Tensor {
  return tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32')
}

/** One after the other in one buffer, as devices bind few. */
function joined(tensors: tf.Tensor[]): tf.Tensor | null {
  if (tensors.length < 2) return tensors[0] ?? null
  return tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])))
}

/** Whether sequences stand at different places. */
export function ownPositions(inputs: SwatAttentionInputs): boolean {
  const [first, ...others] = inputs.queryOffsets.map((_, b) => placeOf(inputs, b))
  return others.some(([distance, sinkKeys]) => distance !== first[0] || sinkKeys !== first[1])
}

/** `[batch, 2]`: distance and sink keys of each sequence, where they differ. */
function placesOf(inputs: SwatAttentionInputs): tf.Tensor | null {
  if (!ownPositions(inputs)) return null
  const places = inputs.queryOffsets.map((_, b) => placeOf(inputs, b))
  return tf.tensor2d(places, [places.length, 2], 'int32')
}

function placeOf(inputs: SwatAttentionInputs, sequence: number): [distance: number, sinkKeys: number] {
  return [distanceOf(inputs, sequence), sinkKeysOf(inputs, sequence)]
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
      batchSize: queries.shape[0],
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
