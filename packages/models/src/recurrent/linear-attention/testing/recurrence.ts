/** One call of a recurrence as plain numbers, row-major. */
export interface RecurrenceCase {
  /** Number of sequences. */
  batch: number
  /** Tokens of each. */
  length: number
  /** Number of heads. */
  heads: number
  /** Size of a query and a key. */
  keyDim: number
  /** Size of a value. */
  valueDim: number
  /** Multiplies the output. */
  scale: number
  /** `[batch, length, heads, keyDim]` */
  queries: ArrayLike<number>
  /** `[batch, length, heads, keyDim]` */
  keys: ArrayLike<number>
  /** `[batch, length, heads, valueDim]` */
  values: ArrayLike<number>
  /** `[batch, length, heads]` or `[batch, length, heads, keyDim]`; absent = 0. */
  logDecay?: ArrayLike<number>
  /** `[batch, length, heads]`; absent = values are added, without the delta rule. */
  beta?: ArrayLike<number>
  /** `[batch, heads, keyDim, valueDim]`; absent = zeros. */
  state?: ArrayLike<number>
}

/**
 * The reference: the recurrences of spec 7 as loops in double precision.
 *
 * @param input - the call
 * @returns output `[batch, length, heads, valueDim]` and last state `[batch, heads, keyDim, valueDim]`
 */
export function recurrence(input: RecurrenceCase): { output: Float64Array; state: Float64Array } {
  const { batch, length, heads, keyDim, valueDim, scale, queries, keys, values, logDecay, beta } = input
  const output = new Float64Array(batch * length * heads * valueDim)
  const states = Float64Array.from(input.state ?? new Float64Array(batch * heads * keyDim * valueDim))
  const decays = logDecay && logDecay.length / (batch * length * heads) // for each token and head

  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const start = (b * heads + h) * keyDim * valueDim
      const state = states.subarray(start, start + keyDim * valueDim)
      for (let t = 0; t < length; t++) {
        const token = (b * length + t) * heads + h
        for (let i = 0; i < keyDim; i++) {
          const decay = logDecay && decays ? Math.exp(logDecay[token * decays + (decays > 1 ? i : 0)]) : 1
          for (let j = 0; j < valueDim; j++) state[i * valueDim + j] *= decay
        }
        for (let j = 0; j < valueDim; j++) {
          let added = values[token * valueDim + j]
          if (beta) {
            let old = 0
            for (let i = 0; i < keyDim; i++) old += keys[token * keyDim + i] * state[i * valueDim + j]
            added = beta[token] * (added - old)
          }
          let read = 0
          for (let i = 0; i < keyDim; i++) {
            state[i * valueDim + j] += keys[token * keyDim + i] * added
            read += queries[token * keyDim + i] * state[i * valueDim + j]
          }
          output[token * valueDim + j] = scale * read
        }
      }
    }
  }
  return { output, state: states }
}
