import { checkInteger } from '../../check-integer.js'
import { checkDistances } from '../check-distances.js'
import { numberedNames } from '../numbered-names.js'
import type { TaskDefinition } from '../task-definition.js'

/** Options of the task `induction`. */
export interface InductionOptions {
  /** From the question back to the symbol, in tokens; one of them is drawn. Default: anywhere. */
  distances?: readonly number[]
  /** Symbols in the vocabulary; default 16. */
  symbols?: number
}

const [marker, firstSymbol] = [0, 1]

/**
 * Induction: among random symbols stands a marker once, and again at the end; what followed it must follow again. (Gu
 * and Dao, "Mamba", arXiv 2312.00752, section 4.1.2, after Olsson et al., arXiv 2209.11895.)
 */
export function induction(options: InductionOptions & { length: number }): TaskDefinition {
  const { length, symbols = 16 } = options
  checkInteger('syntheticTask', 'length', length, 3)
  checkInteger('syntheticTask', 'symbols', symbols, 2)
  const { distances = Array.from({ length: length - 2 }, (_, index) => index + 1) } = options
  checkDistances(distances, 1, length - 2)

  return {
    vocabulary: ['*', ...numberedNames('s', symbols)],
    draw(random, inputs) {
      const position = length - 1
      const distance = distances[random.below(distances.length)]!
      for (let place = 0; place < position; place++) inputs[place] = firstSymbol + random.below(symbols)
      inputs[position] = marker
      inputs[position - distance - 1] = marker
      return [{ position, token: inputs[position - distance]!, distance }]
    },
  }
}
