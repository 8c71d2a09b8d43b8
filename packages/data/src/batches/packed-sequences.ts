import { randomGenerator } from '../random/random-generator.js'
import { randomOrder } from '../random/random-order.js'
import { ignoredLabel, paddingToken, type Sequences } from './sequences.js'
import type { TokenSource } from './token-source.js'

/** How a source is cut. */
export interface SequenceOptions {
  /** Tokens in a sequence. */
  length: number
  /** With the epoch, what the order depends on. */
  seed: number
  /** False: the source's own order. */
  shuffle: boolean
}

/**
 * The whole source as one row that is cut every `length` tokens, whatever document they belong to (arXiv 2502.18845:
 * concatenate, cut). A shuffled epoch begins its cut at an offset below `length` that depends on (seed, epoch), goes on
 * to the end of the source and then from its start: borders fall elsewhere each time, and every token is an input once
 * and, but for the source's first one, a label once. Where the end meets the start nothing is predicted. Only the last
 * sequence of an epoch can be shorter; it is padded. (With `shuffle: false` a last token that would be alone in
 * its sequence, with nothing to predict, is a label and no input.)
 */
export function packedSequences(source: TokenSource, { length, seed, shuffle }: SequenceOptions): Sequences {
  const { tokenCount } = source
  const movesBorders = shuffle && length > 1
  // A last token without a successor that would be alone in its sequence: in order it is left out, else never alone.
  const count = Math.ceil((tokenCount - (movesBorders ? 0 : 1)) / length)
  const leastOffset = tokenCount % length === 1 ? 1 : 0
  return {
    count,
    openEpoch(epoch) {
      const offset = movesBorders ? leastOffset + randomGenerator(seed, epoch).below(length - leastOffset) : 0
      const order = shuffle ? randomOrder(count, seed, epoch) : (place: number) => place
      const buffer = new Int32Array(length + 1)
      return (place, { inputs, labels }) => {
        const first = order(place) * length
        const taken = Math.min(length, tokenCount - first) // inputs in this sequence
        readCircularly(source, (offset + first) % tokenCount, buffer.subarray(0, taken + 1))
        inputs.set(buffer.subarray(0, taken))
        labels.set(buffer.subarray(1, taken + 1))
        inputs.fill(paddingToken, taken)
        labels.fill(ignoredLabel, taken)
        const lastToken = (2 * tokenCount - 1 - offset) % tokenCount // the place of the source's last one
        if (lastToken >= first && lastToken < first + taken) labels[lastToken - first] = ignoredLabel
      }
    },
  }
}

function readCircularly(source: TokenSource, start: number, target: Int32Array): void {
  const untilEnd = Math.min(target.length, source.tokenCount - start)
  source.read(start, target.subarray(0, untilEnd))
  if (untilEnd < target.length) readCircularly(source, 0, target.subarray(untilEnd))
}
