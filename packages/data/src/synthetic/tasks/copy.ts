import { checkInteger } from '../../check-integer.js'
import { numberedNames } from '../numbered-names.js'
import type { TaskDefinition } from '../task-definition.js'

/** Options of the task `copy`. */
export interface CopyOptions {
  /** Symbols to copy, which is the distance too; default half of `length`. */
  copied?: number
  /** Symbols in the vocabulary; default 16. */
  symbols?: number
}

const [separator, firstSymbol] = [1, 2]

/**
 * Copy: random symbols, a separator, and the same symbols again, every one of them asked for. What `length` has beyond
 * twice as many tokens is filler in front. (Jelassi et al., "Repeat After Me", arXiv 2402.01032.)
 */
export function copy(options: CopyOptions & { length: number }): TaskDefinition {
  const { length, symbols = 16 } = options
  checkInteger('syntheticTask', 'length', length, 2)
  const { copied = Math.floor(length / 2) } = options
  checkInteger('syntheticTask', `copied with a length of ${length}`, copied, 1, Math.floor(length / 2))
  checkInteger('syntheticTask', 'symbols', symbols, 2)
  const middle = length - copied

  return {
    vocabulary: ['.', '|', ...numberedNames('s', symbols)],
    draw(random, inputs) {
      const original = Array.from({ length: copied }, () => firstSymbol + random.below(symbols))
      inputs.set(original, middle - copied)
      inputs.set([separator, ...original.slice(0, -1)], middle)
      return original.map((token, index) => ({ position: middle + index, token, distance: copied }))
    },
  }
}
