import { tf } from '@swat-js/tensor-core'

/**
 * `tf.tidy` for results of any type: frees every tensor made inside but those found in the result, however nested.
 *
 * @param compute - synchronous
 * @returns what `compute` returns
 */
export function freeIntermediates<Result>(compute: () => Result): Result {
  return tf.tidy(compute as () => tf.TensorContainer) as Result
}
