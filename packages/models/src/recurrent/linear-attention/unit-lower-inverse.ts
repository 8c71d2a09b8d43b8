import { matMul, tf, withGradient } from '@swat-js/tensor-core'
import { partOf } from './part-of.js'
import { triangle } from './triangle.js'

/**
 * Inverses of unit lower triangular matrices, (I + tril(a, −1))⁻¹: blocks on the diagonal are joined two by two,
 * [[P, 0], [B, Q]]⁻¹ = [[P⁻¹, 0], [−Q⁻¹ B P⁻¹, Q⁻¹]], as exact as forward substitution. (Products of powers of a,
 * which is nilpotent, would cancel: where keys repeat, a^16 has entries of 10¹⁴ and the inverse has none beyond 1.)
 *
 * @param a - `[..., size, size]`, size a power of two; what is on and above the diagonal is not read
 * @returns the inverses, of the shape of `a`; differentiable
 */
export function unitLowerInverse(a: tf.Tensor): tf.Tensor {
  return withGradient(
    [a],
    () => {
      const output = invert(a)
      return { output, saved: [output] }
    },
    (gradient, _, [inverse]) => {
      const left = matMul(inverse, gradient, { transposeA: true })
      const ofWhole = matMul(left, inverse, { transposeB: true })
      return [tf.neg(tf.mul(ofWhole, triangle(a.shape[a.rank - 1], -1)))]
    },
    { keepInputs: false },
  )
}

function invert(a: tf.Tensor): tf.Tensor {
  const size = a.shape[a.rank - 1]
  const matrices = a.size / size ** 2
  // rows one longer: the block that starts at (i, i) is then a fixed stride after the one before it
  const strided = tf.pad(tf.reshape(a, [matrices, size * size]), [
    [0, 0],
    [0, size],
  ])

  let inverse: tf.Tensor = tf.ones([matrices * size, 1, 1]) // of the blocks on the diagonal
  for (let half = 1; half < size; half *= 2) {
    const pairs = size / (2 * half)
    const rows = tf.reshape(strided, [matrices, pairs, 2 * half * (size + 1)])
    const lower = tf.reshape(partOf(rows, 2, half * size, half * size), [-1, half, size])
    const below = partOf(lower, 2, 0, half)
    const onDiagonal = tf.reshape(inverse, [matrices * pairs, 2, half, half])
    const [upperLeft, lowerRight] = [0, 1].map((i) => tf.reshape(partOf(onDiagonal, 1, i, 1), below.shape))
    const lowerLeft = tf.neg(matMul(matMul(lowerRight, below), upperLeft))
    const upper = tf.concat([upperLeft, tf.zerosLike(upperLeft)], 2)
    inverse = tf.concat([upper, tf.concat([lowerLeft, lowerRight], 2)], 1) // [matrices · pairs, 2 · half, 2 · half]
  }
  return tf.reshape(inverse, a.shape)
}
