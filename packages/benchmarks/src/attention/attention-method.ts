import { tf } from '@swat-js/tensor-core'
import { settle } from '../timing/settle.js'
import type { AttentionPart, AttentionProblem } from './attention-problem.js'

/** Differentiable attention over one part: the inputs as tensors of the tape, and what goes with them. */
export type Attend = (
  inputs: { queries: tf.Tensor4D; keys: tf.Tensor4D; values: tf.Tensor4D },
  part: AttentionPart,
) => tf.Tensor4D

/** What comes out for one part. */
export interface AttentionResult {
  /** Shape of the queries. */
  output: tf.Tensor4D
  /** Shape of the queries; null after a forward pass alone. */
  dQueries: tf.Tensor4D | null
  /** Shape of the keys; null after a forward pass alone. */
  dKeys: tf.Tensor4D | null
  /** Shape of the values; null after a forward pass alone. */
  dValues: tf.Tensor4D | null
}

/**
 * Computes all parts of a problem and keeps all their results, as a model must.
 *
 * @param problem - the inputs
 * @param attend - how
 * @param pass - `forward`, or `total` for the gradients too
 * @returns a result for each part; the caller's to dispose
 */
export function runAttention(problem: AttentionProblem, attend: Attend, pass: 'forward' | 'total'): AttentionResult[] {
  return problem.parts.map((part) => {
    const { queries, keys, values, outputGradient } = part
    if (pass === 'forward' || outputGradient === null) {
      const output = tf.tidy(() => attend({ queries, keys, values }, part))
      return { output, dQueries: null, dKeys: null, dValues: null }
    }
    const run = (queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) =>
      attend({ queries: queries as tf.Tensor4D, keys: keys as tf.Tensor4D, values: values as tf.Tensor4D }, part)
    const { value, grads } = tf.valueAndGrads(run)([queries, keys, values], outputGradient)
    const [dQueries, dKeys, dValues] = grads as tf.Tensor4D[]
    return { output: value as tf.Tensor4D, dQueries, dKeys, dValues }
  })
}

/** Frees results. */
export function disposeResults(results: readonly AttentionResult[]): void {
  for (const { output, dQueries, dKeys, dValues } of results) {
    for (const tensor of [output, dQueries, dKeys, dValues]) tensor?.dispose()
  }
}

/** Waits until results are there. */
export async function settleResults(results: readonly AttentionResult[]): Promise<void> {
  for (const { output, dKeys } of results) await settle(dKeys ?? output)
}
