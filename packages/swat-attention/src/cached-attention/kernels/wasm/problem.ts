import { heapMemory, heapPointer, type tf } from '@swat-js/tensor-core'
import type { CachedAttentionInputs, SequencePlace } from '../../contract.js'

/** The fields of `assembly/problem.ts` in their order: pointers and counts of 32 bits, then doubles. */
const tensors = [
  'queries',
  'keys',
  'values',
  'pastKeys',
  'pastValues',
  'slopes',
  'bias',
  'distanceTable',
  'sinkLogits',
] as const
const counts = [
  'batchSize',
  'length',
  'heads',
  'kvHeads',
  'headDim',
  'sinks',
  'capacity',
  'tableLength',
  'softmax',
] as const
const doubles = ['scale', 'window'] as const
const placeFields = ['count', 'slot', 'kept', 'firstSink', 'endSink', 'newSinks'] as const

const headBytes = 4 * (tensors.length + 2 + counts.length) + 8 * doubles.length
const placeBytes = 4 * placeFields.length + 8

/** Bytes of a problem, whole vectors of 16. */
export function problemBytes({ places }: CachedAttentionInputs): number {
  return Math.ceil((headBytes + placeBytes * places.length) / 16) * 16
}

/** Writes a call at an address of the heap. */
export function writeProblem(pointer: number, inputs: CachedAttentionInputs, output: tf.Tensor4D): void {
  const [batchSize, length, heads, headDim] = inputs.queries.shape
  const fields: Record<(typeof counts)[number] | (typeof doubles)[number], number> = {
    ...{ batchSize, length, heads, headDim, kvHeads: inputs.keys.shape[2] },
    ...{ sinks: inputs.sinks, capacity: inputs.capacity, scale: inputs.scale, window: inputs.window },
    tableLength: inputs.distanceTable?.shape[1] ?? 0,
    softmax: inputs.activation === 'softmax' ? 1 : 0,
  }
  const view = new DataView(heapMemory().buffer, pointer)
  let at = 0
  const integer = (value: number) => view.setUint32((at += 4) - 4, value, true)
  const double = (value: number) => view.setFloat64((at += 8) - 8, value, true)
  for (const name of tensors) {
    const tensor = inputs[name]
    integer(tensor ? heapPointer(tensor) : 0)
  }
  integer(heapPointer(output))
  integer(pointer + headBytes)
  counts.forEach((name) => integer(fields[name]))
  doubles.forEach((name) => double(fields[name]))
  inputs.places.forEach((place: SequencePlace) => {
    placeFields.forEach((name) => integer(place[name]))
    double(place.position)
  })
}
