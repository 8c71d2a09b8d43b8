import { tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs } from '../../op/contract.js'

/** Whether queries and keys start at the same positions in every sequence, so that one mask fits all. */
export function startAlike({ queryOffsets, keyOffsets }: SwatAttentionInputs): boolean {
  const alike = (offsets: readonly number[]) => offsets.every((offset) => offset === offsets[0])
  return alike(queryOffsets) && alike(keyOffsets)
}

/** The call cut into one call a sequence. */
export function sequencesOf(inputs: SwatAttentionInputs): SwatAttentionInputs[] {
  const { queries, keys, values, querySegments, keySegments, queryOffsets, keyOffsets } = inputs
  return queryOffsets.map((queryOffset, i) => ({
    ...inputs,
    queries: sequence(queries, i),
    keys: sequence(keys, i),
    values: sequence(values, i),
    querySegments: querySegments && sequence(querySegments, i),
    keySegments: keySegments && sequence(keySegments, i),
    queryOffsets: [queryOffset],
    keyOffsets: [keyOffsets[i]],
  }))
}

/** One sequence of a batch, as a batch of one. */
export function sequence<T extends tf.Tensor>(batch: T, i: number): T {
  const rest = batch.shape.slice(1)
  return tf.slice(batch, [i, ...rest.map(() => 0)], [1, ...rest]) as T
}
