import { matMul, tf, withGradient } from '@swat-js/tensor-core'
import { partOf } from './part-of.js'
import { triangle } from './triangle.js'

/** What decays do within chunks, as factors from 0 to 1; token t is a row, token s a column. */
export interface ChunkDecay {
  /** From token s to token t, 0 where s is after t: `[chunks, rows, chunk, chunk]`. */
  between: tf.Tensor4D
  /** From the state before the chunk to token t, t included: `[chunks, rows, chunk, 1]`. */
  sinceStart: tf.Tensor4D
  /** From token s to the state after the chunk: `[chunks, rows, chunk, 1]`. */
  toEnd: tf.Tensor4D
  /** From the state before the chunk to that after it: `[chunks, rows, 1, 1]`. */
  whole: tf.Tensor4D
}

/**
 * The decays of heads within chunks. Logarithms are summed over each stretch by itself: differences of cumulative sums
 * would lose their digits, and quotients of cumulative products divide by zero, where decays are strong.
 *
 * @param logDecay - `[chunks, rows, chunk, 1]`, at most 0
 * @returns see {@link ChunkDecay}; differentiable
 */
export function chunkDecay(logDecay: tf.Tensor4D): ChunkDecay {
  const [chunks, rows, chunk] = logDecay.shape
  const flat = tf.reshape(logDecay, [chunks * rows, chunk]) as tf.Tensor2D
  const factors = (stretches: tf.Tensor2D, shape: [number, number, number, number]): tf.Tensor4D =>
    tf.reshape(tf.exp(sums(flat, stretches)), shape)

  const vector: [number, number, number, number] = [chunks, rows, chunk, 1]
  const sinceStart = factors(tf.transpose(triangle(chunk, 0)), vector)
  const toEnd = factors(triangle(chunk, -1), vector)
  const pairs = factors(stretchesBetween(chunk), [chunks, rows, chunk, chunk])
  const between = tf.mul(pairs, triangle(chunk, 0)) as tf.Tensor4D
  const whole = partOf(sinceStart, 2, chunk - 1, 1)
  return { between, sinceStart, toEnd, whole }
}

/** Sums over stretches of tokens: `x` `[m, chunk]` times ones and zeros `[chunk, stretches]`, which are constant. */
function sums(x: tf.Tensor2D, stretches: tf.Tensor2D): tf.Tensor {
  return withGradient(
    [x],
    () => ({ output: matMul(x, stretches), saved: [stretches] }),
    (gradient, _, [stretches]) => [matMul(gradient, stretches, { transposeB: true })],
    { keepInputs: false },
  )
}

/** Column t · chunk + s marks the tokens after s up to t. */
function stretchesBetween(chunk: number): tf.Tensor2D {
  const marks = new Float32Array(chunk ** 3)
  for (let t = 0; t < chunk; t++) {
    for (let s = 0; s < t; s++) {
      for (let i = s + 1; i <= t; i++) marks[i * chunk ** 2 + t * chunk + s] = 1
    }
  }
  return tf.tensor2d(marks, [chunk, chunk ** 2])
}
