import { checkInteger } from '../../check-integer.js'
import { randomPermutation } from '../../random/random-permutation.js'
import { numberedNames } from '../numbered-names.js'
import type { TaskDefinition } from '../task-definition.js'

/** Options of the task `selective-copy`. */
export interface SelectiveCopyOptions {
  /** Symbols to copy; default 8, or half of `length` where that is less. */
  copied?: number
  /** Symbols in the vocabulary; default 16. */
  symbols?: number
}

const [separator, firstSymbol] = [1, 2]

/**
 * Selective copy: symbols stand at random places in filler, and behind a separator they come again in their order,
 * without the filler; every one of them is asked for. (Gu and Dao, "Mamba", arXiv 2312.00752, section 3.1.)
 */
export function selectiveCopy(options: SelectiveCopyOptions & { length: number }): TaskDefinition {
  const { length, symbols = 16 } = options
  checkInteger('syntheticTask', 'length', length, 2)
  const { copied = Math.min(8, Math.floor(length / 2)) } = options
  checkInteger('syntheticTask', `copied with a length of ${length}`, copied, 1, Math.floor(length / 2))
  checkInteger('syntheticTask', 'symbols', symbols, 2)
  const middle = length - copied

  return {
    vocabulary: ['.', '|', ...numberedNames('s', symbols)],
    draw(random, inputs) {
      const places = randomPermutation(middle, random).slice(0, copied).sort()
      const original = [...places].map(() => firstSymbol + random.below(symbols))
      places.forEach((place, index) => (inputs[place] = original[index]!))
      inputs.set([separator, ...original.slice(0, -1)], middle)
      return original.map((token, index) => {
        const position = middle + index
        return { position, token, distance: position - places[index]! }
      })
    },
  }
}
