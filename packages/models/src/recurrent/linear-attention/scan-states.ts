import { matMul, tf, withGradient } from '@swat-js/tensor-core'
import type { RecurrenceSizes } from './check-recurrence.js'
import { partOf, unstacked } from './part-of.js'

/**
 * The states between chunks: S₀ = `initial`, Sₙ₊₁ = transitionₙ Sₙ + updateₙ. One entry on the tape, whatever the
 * number of chunks; its backward pass is the same recurrence from the end.
 *
 * @param transitions - factors, `[chunks, rows, keyDim or 1, 1]`, or matrices, `[chunks, rows, keyDim, keyDim]`
 * @param updates - `[chunks, rows, keyDim, valueDim]`
 * @param initial - `[rows, keyDim, valueDim]`
 * @returns the state before each chunk and after the last, `[chunks + 1, rows, keyDim, valueDim]`; differentiable with
 * respect to all three
 */
export function scanStates(transitions: tf.Tensor4D, updates: tf.Tensor4D, initial: tf.Tensor3D): tf.Tensor4D {
  const areMatrices = transitions.shape[3] > 1
  const apply = (transition: tf.Tensor, state: tf.Tensor) =>
    areMatrices ? matMul(transition, state) : tf.mul(transition, state)
  const applyTransposed = (transition: tf.Tensor, gradient: tf.Tensor) =>
    areMatrices ? matMul(transition, gradient, { transposeA: true }) : tf.mul(transition, gradient)

  return withGradient(
    [transitions, updates, initial],
    () => {
      const states: tf.Tensor[] = [initial] // each [rows, keyDim, valueDim]
      const addends = unstacked(updates)
      for (const [n, transition] of unstacked(transitions).entries()) {
        states.push(tf.tidy(() => tf.add(apply(transition, states[n]), addends[n])))
      }
      const output = tf.stack(states)
      return { output, saved: [transitions, output] }
    },
    (gradient, _, [transitions, states]) => {
      const direct = unstacked(gradient)
      let total = direct[direct.length - 1] // of the state after chunk n, [rows, keyDim, valueDim]
      const afterChunks: tf.Tensor[] = []
      for (const [n, transition] of [...unstacked(transitions).entries()].reverse()) {
        afterChunks.unshift(total)
        const after = total
        total = tf.tidy(() => tf.add(direct[n], applyTransposed(transition, after)))
      }
      const ofUpdates = tf.stack(afterChunks) // [chunks, rows, keyDim, valueDim]
      const before = partOf(states, 0, 0, afterChunks.length)
      return [ofTransitions(ofUpdates, before, transitions.shape), ofUpdates, total]
    },
    { keepInputs: false },
  ) as tf.Tensor4D
}

function ofTransitions(after: tf.Tensor, before: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (shape[3] > 1) return matMul(after, before, { transposeB: true })
  return tf.sum(tf.mul(after, before), shape[2] > 1 ? [3] : [2, 3], true)
}

/**
 * The state that a scan starts from.
 *
 * @param state - `[batch, heads, keyDim, valueDim]`; without one, zeros
 * @param sizes - of the call
 * @returns `[batch · heads, keyDim, valueDim]`
 */
export function initialState(state: tf.Tensor4D | null | undefined, sizes: RecurrenceSizes): tf.Tensor3D {
  const { batch, heads, keyDim, valueDim } = sizes
  const shape: [number, number, number] = [batch * heads, keyDim, valueDim]
  return state ? tf.reshape(state, shape) : tf.zeros(shape)
}

/**
 * The states that the chunks start from.
 *
 * @param states - what {@link scanStates} returned
 * @returns `[chunks, rows, keyDim, valueDim]`
 */
export function statesBefore(states: tf.Tensor4D): tf.Tensor4D {
  return partOf(states, 0, 0, states.shape[0] - 1)
}

/**
 * The state after the last chunk.
 *
 * @param states - what {@link scanStates} returned
 * @returns `[rows, keyDim, valueDim]`
 */
export function lastState(states: tf.Tensor4D): tf.Tensor3D {
  const [count, ...shape] = states.shape
  return tf.reshape(partOf(states, 0, count - 1, 1), shape)
}
