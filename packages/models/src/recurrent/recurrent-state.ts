import { SwatError, tf } from '@swat-js/tensor-core'
import { freeIntermediates } from '../swat-transformer/free-intermediates.js'
import { partOf } from './linear-attention/part-of.js'
import { convolutionWidth } from './recurrent-parameters.js'
import { recurrentSizes, type RecurrentSettings } from './recurrent-settings.js'

/** The tensors behind the states of one stream. */
export interface RecurrentMemory {
  /** What the recurrence carries: `[batch, heads, keyDim, valueDim]`. */
  matrices: tf.Tensor4D
  /** The last three inputs of the short convolutions, `[batch, 3, channels]`; null without them. */
  past: tf.Tensor3D | null
  /** Which state of the stream it holds: the one with this number may use it. */
  state: number
}

/**
 * The past of one recurrent layer: it takes the same memory however much went before. A step consumes the state that it
 * is given and returns the next one; the old one is refused from then on. The memory lives until
 * {@link disposeRecurrentState}, whatever `tf.tidy` is around.
 */
export interface RecurrentState {
  /** Number of sequences. */
  readonly batchSize: number
  /** For each sequence the position of its next token. */
  readonly positions: readonly number[]
  /** The tensors, shared by all states of a stream. */
  readonly memory: RecurrentMemory
  /** Which state of the stream this is. */
  readonly state: number
}

/**
 * The state before the first token.
 *
 * @param settings - of the layer
 * @param batchSize - sequences that run side by side
 * @returns the state; the caller's to dispose with {@link disposeRecurrentState}
 * @throws SwatError `recurrent` when the batch is not a whole number of sequences
 */
export function createRecurrentState(settings: RecurrentSettings, batchSize: number): RecurrentState {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new SwatError(
      'recurrent',
      `createRecurrentState: batchSize must be an integer of at least 1, but is ${batchSize}.`,
    )
  }
  const { heads, keyDim, valueDim, convolved } = recurrentSizes(settings)
  const matrices = tf.keep(tf.zeros<tf.Rank.R4>([batchSize, heads, keyDim, valueDim]))
  const past = convolved > 0 ? tf.keep(tf.zeros<tf.Rank.R3>([batchSize, convolutionWidth - 1, convolved])) : null
  return {
    batchSize,
    positions: new Array<number>(batchSize).fill(0),
    memory: { matrices, past, state: 0 },
    state: 0,
  }
}

/**
 * Frees the memory of a stream; does nothing to a state that was consumed.
 *
 * @param state - the newest of a stream
 */
export function disposeRecurrentState({ memory, state }: RecurrentState): void {
  if (memory.state !== state) return
  memory.matrices.dispose()
  memory.past?.dispose()
}

/**
 * Starts some sequences anew, for example when a text has ended and another takes its place in the batch.
 *
 * @param state - consumed
 * @param sequences - their places in the batch
 * @param position - position of their next token; default 0
 * @returns the state in which these sequences have no past
 * @throws SwatError `cache` when the state was consumed or disposed of, `recurrent` when a number makes no sense
 */
export function restartRecurrentSequences(
  state: RecurrentState,
  sequences: readonly number[],
  position = 0,
): RecurrentState {
  const caller = 'restartRecurrentSequences'
  const { matrices, past } = recurrentMemoryOf(caller, state)
  const wrong = sequences.find((sequence) => !Number.isInteger(sequence) || state.positions[sequence] === undefined)
  if (wrong !== undefined) {
    throw new SwatError(
      'recurrent',
      `${caller}: a sequence must be an integer from 0 to ${state.batchSize - 1}, but one is ${wrong}.`,
    )
  }
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new SwatError('recurrent', `${caller}: position must be an integer of at least 0, but is ${position}.`)
  }
  const restart = (x: tf.Tensor): tf.Tensor =>
    tf.concat(
      state.positions.map((_, sequence) => {
        const own = partOf(x, 0, sequence, 1)
        return sequences.includes(sequence) ? tf.zerosLike(own) : own
      }),
    )
  const positions = state.positions.map((old, sequence) => (sequences.includes(sequence) ? position : old))
  return freeIntermediates(() => {
    const restarted = { matrices: restart(matrices) as tf.Tensor4D, past: past && (restart(past) as tf.Tensor3D) }
    return advanceState(state, restarted, positions)
  })
}

/**
 * The memory of a state that may be used.
 *
 * @param caller - the public function that uses it, named in the message
 * @param state - the state
 * @returns its memory
 * @throws SwatError `cache` when the state was consumed or disposed of
 */
export function recurrentMemoryOf(caller: string, { memory, state }: RecurrentState): RecurrentMemory {
  if (memory.state !== state) {
    throw new SwatError(
      'cache',
      `${caller}: the state must be the newest of its stream, but an earlier call has consumed it (state ${state}, ` +
        `newest ${memory.state}). Go on with the state which that call returned.`,
    )
  }
  if (memory.matrices.isDisposed) {
    throw new SwatError('cache', `${caller}: the state was disposed of. Make a new one with createRecurrentState.`)
  }
  return memory
}

/**
 * Puts new tensors in place of those of a state and consumes it.
 *
 * @param state - the newest of its stream
 * @param tensors - kept from now on
 * @param positions - of the next tokens
 * @returns the next state
 */
export function advanceState(
  { batchSize, memory }: RecurrentState,
  { matrices, past }: Pick<RecurrentMemory, 'matrices' | 'past'>,
  positions: readonly number[],
): RecurrentState {
  memory.matrices.dispose()
  memory.past?.dispose()
  Object.assign(memory, { matrices: tf.keep(matrices), past: past && tf.keep(past), state: memory.state + 1 })
  return { batchSize, positions, memory, state: memory.state }
}
