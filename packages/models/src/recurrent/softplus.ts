import { tf, withGradient } from '@swat-js/tensor-core'

/**
 * log(1 + eˣ), accurate also where it is small: on some backends `tf.softplus` adds 1 to eˣ in float32.
 *
 * @param x - any shape
 * @returns the shape of `x`; differentiable
 */
export function softplus<T extends tf.Tensor>(x: T): T {
  return withGradient(
    [x],
    () => tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
    (gradient, [x]) => [tf.mul(gradient, tf.sigmoid(x))],
  ) as T
}
