import { checkInteger } from '../../check-integer.js'
import type { TaskDefinition } from '../task-definition.js'

/** Options of the task `window-parity`. */
export interface WindowParityOptions {
  /** How many bits count, the one at the question included. */
  span: number
}

const even = 2

/**
 * Parity over a window: random bits, and at every place that has enough of them before it the question whether the last
 * `span` hold an even or an odd number of ones. The answers are no part of the text. (Parity as in Hahn, "Theoretical
 * Limitations of Self-Attention", arXiv 1906.06755, of a stretch in place of the whole text.)
 */
export function windowParity({ length, span }: WindowParityOptions & { length: number }): TaskDefinition {
  checkInteger('syntheticTask', `span with a length of ${length}`, span, 1, length)
  return {
    vocabulary: ['0', '1', 'even', 'odd'],
    draw(random, inputs) {
      const answers = []
      let ones = 0
      for (let position = 0; position < length; position++) {
        const bit = random.below(2)
        inputs[position] = bit
        ones += bit - (position >= span ? inputs[position - span]! : 0)
        if (position >= span - 1) answers.push({ position, token: even + (ones % 2), distance: span - 1 })
      }
      return answers
    },
  }
}
