import type { KernelPolicy } from '../kernels/kernel.js'
import { tf } from '../tf.js'

export interface GlobalNormOptions {
  maxNorm: number | null
  lossScale?: tf.Scalar | null
  kernels?: KernelPolicy
}

export function globalNorm(
  tensors: readonly tf.Tensor[],
  options: GlobalNormOptions,
): { norm: tf.Scalar; scale: tf.Scalar } {
  return tf.tidy(() => {
    const sums = tensors.map((gradient) => tf.sum(tf.square(gradient)))
    const raw = tf.sqrt(tf.addN(sums))
    const lossScale = options.lossScale ?? tf.scalar(1)
    const norm = tf.div(raw, lossScale) as tf.Scalar
    const factor = options.maxNorm === null ? tf.scalar(1) : tf.minimum(1, tf.div(options.maxNorm, tf.add(norm, 1e-6)))
    const scale = tf.where(tf.isFinite(norm), tf.div(factor, lossScale), 0) as tf.Scalar
    return { norm, scale }
  })
}
