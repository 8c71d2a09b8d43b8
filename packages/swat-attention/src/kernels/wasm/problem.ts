import { heapMemory, heapPointer, tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'

/** The fields of `assembly/problem.ts` in their order: pointers and counts of 32 bits, then doubles. */
const integers = [
  'queries',
  'keys',
  'values',
  'slopes',
  'bias',
  'distanceTable',
  'sinkLogits',
  'output',
  'outputGradient',
  'dQueries',
  'dKeys',
  'dValues',
  'dSlopes',
  'dBias',
  'dDistanceTable',
  'dSinkLogits',
  'batchSize',
  'queryCount',
  'keyCount',
  'heads',
  'kvHeads',
  'headDim',
  'tableLength',
  'sinkKeys',
  'softmax',
  'padding',
] as const
const doubles = ['scale', 'distance', 'window'] as const

/** Tensors that a pass works on, by the name of their field. */
export type PassTensors = Partial<Record<(typeof integers)[number], tf.Tensor>>

/** Bytes of a problem, whole vectors of 16. */
export const problemBytes = Math.ceil((4 * integers.length + 8 * doubles.length) / 16) * 16

/** The tensors among the inputs, as float32: of other types the module would misread the bytes. */
export function inputTensors(inputs: SwatAttentionInputs): PassTensors {
  const { queries, keys, values, slopes, bias, distanceTable, sinkLogits } = inputs
  const given = Object.entries({ queries, keys, values, slopes, bias, distanceTable, sinkLogits })
  return Object.fromEntries(
    given.flatMap(([name, tensor]) => {
      if (!tensor) return []
      return [[name, tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32')]]
    }),
  )
}

/** Writes a call at an address of the heap. */
export function writeProblem(pointer: number, inputs: SwatAttentionInputs, tensors: PassTensors): void {
  const { queries, keys, distanceTable, sinks, keyOffset, window } = inputs
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const fields: Record<string, number> = {
    ...Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor ? heapPointer(tensor) : 0])),
    ...{ batchSize, queryCount, keyCount, heads, kvHeads, headDim },
    tableLength: distanceTable?.shape[1] ?? 0,
    sinkKeys: Math.min(keyCount, Math.max(0, sinks - keyOffset)),
    softmax: inputs.activation === 'softmax' ? 1 : 0,
    scale: inputs.scale,
    distance: inputs.queryOffset - keyOffset,
    window: window ?? Infinity,
  }
  const view = new DataView(heapMemory().buffer, pointer)
  integers.forEach((name, i) => view.setUint32(4 * i, fields[name] ?? 0, true))
  doubles.forEach((name, i) => view.setFloat64(4 * integers.length + 8 * i, fields[name], true))
}
