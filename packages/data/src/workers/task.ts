/**
 * Work that can run in a worker thread: prepared once with what it needs, then called with one input after another.
 * Setup, inputs and outputs are cloned as `structuredClone` does.
 */
export type Task<Setup, Input, Output> = (setup: Setup) => (input: Input) => TaskOutput<Output>

/** What a task returns. */
export interface TaskOutput<Output> {
  /** The result. */
  output: Output
  /** Buffers of `output` that are handed over and not copied; the task must not use them again. */
  transfer?: ArrayBuffer[]
}
