import { asFloat32, heapMemory, heapPointer, type tf } from '@swat-js/tensor-core'
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
  'querySegments',
  'keySegments',
  'sequences',
  'batchSize',
  'queryCount',
  'keyCount',
  'heads',
  'kvHeads',
  'headDim',
  'tableLength',
  'sinkKeys',
  'softmax',
] as const
const doubles = ['scale', 'distance', 'window'] as const
const fieldBytes = 4 * integers.length + 8 * doubles.length

/** Tensors that a pass works on, by the name of their field. */
export type PassTensors = Partial<Record<(typeof integers)[number], tf.Tensor>>

/** Bytes of a problem, whole vectors of 16: its fields, then two doubles a sequence. */
export function problemBytes(batchSize: number): number {
  return Math.ceil((fieldBytes + 16 * batchSize) / 16) * 16
}

/** The tensors among the inputs, in the types that the module reads. */
export function inputTensors(inputs: SwatAttentionInputs): PassTensors {
  const { queries, keys, values, slopes, bias, distanceTable, sinkLogits, querySegments, keySegments } = inputs
  const floats = Object.entries({ queries, keys, values, slopes, bias, distanceTable, sinkLogits })
  return {
    ...Object.fromEntries(floats.flatMap(([name, tensor]) => (tensor ? [[name, asFloat32(tensor)]] : []))),
    ...(querySegments && keySegments ? { querySegments, keySegments } : {}),
  }
}

/** Writes a call at an address of the heap. */
export function writeProblem(pointer: number, inputs: SwatAttentionInputs, tensors: PassTensors): void {
  const { queries, keys, distanceTable, sinks, window, queryOffsets, keyOffsets } = inputs
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const fields: Record<string, number> = {
    ...Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor ? heapPointer(tensor) : 0])),
    ...{ batchSize, queryCount, keyCount, heads, kvHeads, headDim },
    tableLength: distanceTable?.shape[1] ?? 0,
    sequences: pointer + fieldBytes,
    softmax: inputs.activation === 'softmax' ? 1 : 0,
    scale: inputs.scale,
    window: window ?? Infinity,
  }
  const view = new DataView(heapMemory().buffer, pointer)
  integers.forEach((name, i) => view.setUint32(4 * i, fields[name] ?? 0, true))
  doubles.forEach((name, i) => view.setFloat64(4 * integers.length + 8 * i, fields[name] ?? 0, true))
  keyOffsets.forEach((keyOffset, i) => {
    const at = fieldBytes + 16 * i
    view.setFloat64(at, queryOffsets[i] - keyOffset, true)
    view.setFloat64(at + 8, Math.min(keyCount, Math.max(0, sinks - keyOffset)), true)
  })
}
