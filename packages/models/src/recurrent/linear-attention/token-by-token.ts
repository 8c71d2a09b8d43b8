import { tf } from '@swat-js/tensor-core'
import { unstacked } from './part-of.js'
import { product } from './product.js'

/** What the tokens of all rows bring to the recurrence: `[tokens, rows, 1, …]`. */
export interface RecurrenceTokens {
  /** `[tokens, rows, 1, keyDim]`, scaled. */
  queries: tf.Tensor4D
  /** `[tokens, rows, 1, keyDim]` */
  keys: tf.Tensor4D
  /** `[tokens, rows, 1, valueDim]` */
  values: tf.Tensor4D
  /** Logarithms of the factors of the state, `[tokens, rows, 1, 1 or keyDim]`; null = 0. */
  logDecay: tf.Tensor4D | null
  /** How much of its old value a key forgets, `[tokens, rows, 1, 1]`; null = nothing, values are added. */
  beta: tf.Tensor4D | null
}

/** What is computed of the tokens of all rows. */
export interface RecurrenceOutputs {
  /** `[chunks, rows, chunk, valueDim]` */
  output: tf.Tensor4D
  /** After the last token, `[rows, keyDim, valueDim]`. */
  state: tf.Tensor3D
}

/**
 * The recurrence as it is written (spec 7): S′ = e^g S; S = S′ + k vᵀ, or S′ + β k (v − S′ᵀ k)ᵀ; o = Sᵀ q.
 *
 * @param tokens - in chunks of one
 * @param initial - `[rows, keyDim, valueDim]`
 * @returns output and last state; differentiable
 */
export function tokenByToken(tokens: RecurrenceTokens, initial: tf.Tensor3D): RecurrenceOutputs {
  const each = (x: tf.Tensor4D) => unstacked(x) as tf.Tensor3D[] // of [rows, 1, dim]
  const [keys, values] = [each(tokens.keys), each(tokens.values)]
  const logDecay = tokens.logDecay && each(tokens.logDecay)
  const beta = tokens.beta && each(tokens.beta)

  let state = initial
  const outputs = each(tokens.queries).map((query, t) => {
    const decayed: tf.Tensor3D = logDecay ? tf.mul(tf.exp(tf.transpose(logDecay[t], [0, 2, 1])), state) : state
    const added: tf.Tensor3D = beta ? tf.mul(beta[t], tf.sub(values[t], product(keys[t], decayed))) : values[t]
    state = tf.add(decayed, product(keys[t], added, { transposeA: true }))
    return product(query, state) // [rows, 1, valueDim]
  })
  return { output: tf.stack(outputs) as tf.Tensor4D, state }
}
