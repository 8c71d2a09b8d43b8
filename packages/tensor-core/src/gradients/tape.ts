import { tf } from '../tf.js'

/** One op on TensorFlow.js's tape, as its engine keeps it. */
export interface TapeNode {
  /** Name of the kernel, for messages. */
  kernelName: string
  /** What the op read. */
  inputs: Readonly<Record<string, tf.Tensor>>
  /** What it made. */
  outputs: readonly tf.Tensor[]
  /** Tensors that are kept for `gradient`; whoever runs it last disposes of them. */
  saved?: readonly tf.Tensor[]
  /** From the gradients of the outputs to those of the inputs, computed when they are called for. */
  gradient?(outputGradients: readonly (tf.Tensor | null)[]): Readonly<Record<string, () => tf.Tensor>>
}

/** The part of the engine's state that recording touches. This file alone touches it. */
interface RecordingState {
  activeTape: TapeNode[] | null
  gradientDepth: number
  kernelDepth: number
}

function recordingState(): RecordingState {
  return tf.engine().state as unknown as RecordingState
}

/**
 * Runs a function and returns what it computes with the tape of its ops, whatever is being recorded around it. Tensors
 * that the tape keeps are the caller's to dispose ({@link releaseTape}). When the function throws nothing stays behind.
 *
 * @param f - the function; its intermediates are freed, but for what the tape keeps
 * @returns value and tape
 */
export function recordTape(f: () => tf.Tensor): { value: tf.Tensor; tape: TapeNode[] } {
  const state = recordingState()
  const { activeTape, gradientDepth, kernelDepth } = state
  const tape: TapeNode[] = []
  Object.assign(state, { activeTape: tape, gradientDepth: 1, kernelDepth: 0 })
  try {
    return { value: tf.tidy(f), tape }
  } catch (error) {
    releaseTape(tape)
    throw error
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth })
  }
}

/**
 * Runs a function with the tape off.
 *
 * @param f - the function
 * @returns what it returns
 */
export function withTapeOff<T>(f: () => T): T {
  const state = recordingState()
  const { activeTape, gradientDepth } = state
  Object.assign(state, { activeTape: null, gradientDepth: 0 })
  try {
    return f()
  } finally {
    Object.assign(state, { activeTape, gradientDepth })
  }
}

/**
 * Whether ops that run now will be differentiated.
 *
 * @returns true inside a function that is being recorded
 */
export function isRecording(): boolean {
  const { gradientDepth, kernelDepth } = recordingState()
  return gradientDepth > 0 && kernelDepth === 0
}

/**
 * Disposes of all that a tape keeps.
 *
 * @param tape - it cannot be differentiated any more
 */
export function releaseTape(tape: readonly TapeNode[]): void {
  for (const node of tape) releaseNode(node)
}

/**
 * Disposes of what one op keeps.
 *
 * @param node - it cannot be differentiated any more
 */
export function releaseNode(node: TapeNode): void {
  for (const tensor of node.saved ?? []) tensor.dispose()
}
