import { supported } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import { type GlobalNormKernel, leastScale, normEpsilon } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: GlobalNormKernel = {
  name: 'composite',
  supports: () => supported,

  measure({ tensors, maxNorm, lossScale }) {
    const squares = tensors.map((tensor) => tf.tidy(() => sumOf(tf.square(tf.mul(tensor, 1 / lossScale)))))
    const norm = tf.sqrt(tf.sum(tf.stack([tf.scalar(0), ...squares]))) as tf.Scalar
    const clip = maxNorm === null ? tf.onesLike(norm) : tf.minimum(1, tf.div(maxNorm, tf.add(norm, normEpsilon)))
    const scale = tf.maximum(leastScale, tf.mul(clip, 1 / lossScale))
    return { norm, scale: tf.where(tf.isFinite(norm), scale, tf.zerosLike(scale)) as tf.Scalar }
  },
}

/** In parts, as TensorFlow.js's wasm backend adds up one number after the other, which loses digits in long sums. */
function sumOf(tensor: tf.Tensor): tf.Tensor {
  const length = 1024
  if (tensor.size <= length) return tf.sum(tensor)
  const rest = -tensor.size & (length - 1)
  const flat = tf.reshape(tensor, [tensor.size])
  const whole = rest === 0 ? flat : tf.pad(flat, [[0, rest]])
  return sumOf(tf.sum(tf.reshape(whole, [-1, length]), 1))
}
