import type { RandomGenerator } from '../random/random-generator.js'

/** A question in an example: what must be predicted where, and how far back lies what it needs. */
export interface TaskAnswer {
  /** Index of the token after reading which the answer is asked. */
  position: number
  /** The answer's id, the only right one. */
  token: number
  /**
   * Without the token this many places before `position` the answer cannot be told: a model's receptive field, its own
   * place included, must be larger.
   */
  distance: number
}

/** What one kind of task is made of; `syntheticTask` does the rest. */
export interface TaskDefinition {
  /** What each id is called. */
  vocabulary: readonly string[]
  /**
   * Draws an example.
   *
   * @param random - its only source of chance
   * @param inputs - all zeros, to be filled whole, `[length]`
   * @returns the questions, in the order of their positions
   */
  draw(random: RandomGenerator, inputs: Int32Array): TaskAnswer[]
}
