import { swiGlu, tf, withGradient, type KernelPolicy } from '@swat-js/tensor-core'
import { partOf } from './linear-attention/part-of.js'

/** What {@link shortConvolution} may get. */
export interface ShortConvolutionOptions {
  /** Added before the activation, `[channels]`. */
  bias?: tf.Tensor1D
  /** The inputs before the first token, `[batch, width − 1, channels]`; default zeros. */
  past: tf.Tensor3D | null
  /** Tokens of each sequence, the rest is padding; default all. */
  lengths?: readonly number[]
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/**
 * A short causal convolution over time, each channel by itself, and SiLU: what stands before keys and values of Mamba-2
 * and the delta rule.
 *
 * @param x - `[batch, length, channels]`
 * @param weight - `[channels, 1, width]`, the factor of the newest token last
 * @param options - bias, earlier inputs, lengths, kernels
 * @returns `output`, of the shape of `x`, differentiable, and `past`, the inputs that the next token needs,
 * `[batch, width − 1, channels]`
 */
export function shortConvolution(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  options: ShortConvolutionOptions,
): { output: tf.Tensor3D; past: tf.Tensor3D } {
  const [batch, length, channels] = x.shape
  const width = weight.shape[2]
  const before = options.past ?? tf.zeros<tf.Rank.R3>([batch, width - 1, channels])
  const factors = tf.transpose(tf.reshape(weight, [channels, width])) as tf.Tensor2D
  const sums = slidingSums(before, x, factors)
  const biased = options.bias ? tf.add<tf.Tensor3D>(sums, options.bias) : sums
  const output = swiGlu(biased, tf.onesLike(biased), { kernels: options.kernels })
  return { output, past: lastInputs(before, x, options.lengths ?? new Array<number>(batch).fill(length)) }
}

/** `[batch, width − 1, channels]`, `[batch, length, channels]` and `[width, channels]` → `[batch, length, channels]` */
function slidingSums(before: tf.Tensor3D, x: tf.Tensor3D, factors: tf.Tensor2D): tf.Tensor3D {
  const [, length, channels] = x.shape
  const width = factors.shape[0]
  const places = Array.from({ length: width }, (_, place) => place)
  const factor = (factors: tf.Tensor, place: number) => tf.reshape(partOf(factors, 0, place, 1), [channels])
  const sum = (terms: tf.Tensor[]) => terms.reduce((total, term) => tf.add(total, term))
  return withGradient(
    [before, x, factors],
    () => {
      const whole = tf.concat([before, x], 1) // [batch, width − 1 + length, channels]
      return sum(places.map((place) => tf.mul(partOf(whole, 1, place, length), factor(factors, place))))
    },
    (gradient, [before, x, factors]) => {
      const whole = tf.concat([before, x], 1)
      const ofWhole = sum(
        places.map((place) => {
          const around: [number, number] = [place, width - 1 - place]
          return tf.pad(tf.mul(gradient, factor(factors, place)), [[0, 0], around, [0, 0]])
        }),
      )
      const ofFactors = places.map((place) => tf.sum(tf.mul(gradient, partOf(whole, 1, place, length)), [0, 1]))
      return [partOf(ofWhole, 1, 0, width - 1), partOf(ofWhole, 1, width - 1, length), tf.stack(ofFactors)]
    },
  ) as tf.Tensor3D
}

/** The last inputs of each sequence that are not padding, as many as came before. */
function lastInputs(before: tf.Tensor3D, x: tf.Tensor3D, lengths: readonly number[]): tf.Tensor3D {
  const count = before.shape[1]
  const ofSequence = (sequence: number, own: number): tf.Tensor3D => {
    const [earlier, later] = [before, x].map((inputs) => partOf(inputs, 0, sequence, 1))
    if (own === 0) return earlier
    if (own >= count) return partOf(later, 1, own - count, count)
    return tf.concat([partOf(earlier, 1, own, count - own), partOf(later, 1, 0, own)], 1)
  }
  return tf.concat(lengths.map((own, sequence) => ofSequence(sequence, own)))
}
