import { checkInteger } from '../../check-integer.js'
import { checkDistances } from '../check-distances.js'
import { numberedNames } from '../numbered-names.js'
import type { TaskDefinition } from '../task-definition.js'

/** Options of the task `passkey`. */
export interface PasskeyOptions {
  /** From the question back to the first digit, in tokens; one of them is drawn. Default: anywhere in the filler. */
  distances?: readonly number[]
  /** Digits of the passkey; default 5. */
  digits?: number
  /** Words that the filler is drawn from; default 16. */
  fillers?: number
}

const [keyMarker, questionMarker, firstDigit, firstFiller] = [0, 1, 2, 12]

/**
 * Passkey: a number stands somewhere in filler text, behind a marker, and is asked for at the end; its digits are the
 * answers, all of them at the same distance. (Mohtashami and Jaggi, "Landmark Attention", arXiv 2305.16300, section
 * 4.2.)
 */
export function passkey(options: PasskeyOptions & { length: number }): TaskDefinition {
  const { length, digits = 5, fillers = 16 } = options
  checkInteger('syntheticTask', 'digits', digits, 1)
  checkInteger('syntheticTask', 'fillers', fillers, 1)
  checkInteger('syntheticTask', `length with ${digits} digits`, length, 2 * digits + 1)
  const question = length - digits
  const everywhere = Array.from({ length: question - digits }, (_, index) => digits + index)
  const { distances = everywhere } = options
  checkDistances(distances, digits, question - 1)

  return {
    vocabulary: ['key:', '?', ...numberedNames('', 10), ...numberedNames('word', fillers)],
    draw(random, inputs) {
      const distance = distances[random.below(distances.length)]!
      const secret = Array.from({ length: digits }, () => firstDigit + random.below(10))
      for (let place = 0; place < question; place++) inputs[place] = firstFiller + random.below(fillers)
      inputs.set([keyMarker, ...secret], question - distance - 1)
      inputs.set([questionMarker, ...secret.slice(0, -1)], question)
      return secret.map((token, index) => ({ position: question + index, token, distance }))
    },
  }
}
