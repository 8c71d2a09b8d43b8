import { heapMemory, heapPointer, type tf } from '@swat-js/tensor-core'
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

/** Tensors that a pass works on besides the inputs, by the name of their field. */
export type PassTensors = Partial<Record<(typeof integers)[number], tf.Tensor>>

/** Bytes of a problem, whole vectors of 16. */
export const problemBytes = Math.ceil((4 * integers.length + 8 * doubles.length) / 16) * 16

/** Writes a call at an address of the heap. All tensors must exist: none may be made before the module runs. */
export function writeProblem(pointer: number, inputs: SwatAttentionInputs, tensors: PassTensors): void {
  const { queries, keys, values, slopes, bias, distanceTable, sinkLogits, sinks, keyOffset, window } = inputs
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const given = { queries, keys, values, slopes, bias, distanceTable, sinkLogits, ...tensors }
  const pointers = Object.entries(given).map(([name, tensor]) => [name, tensor ? heapPointer(tensor) : 0])
  const fields: Record<string, number> = {
    ...Object.fromEntries(pointers),
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
