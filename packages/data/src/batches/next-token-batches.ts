import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import { randomGenerator } from '../random/random-generator.js'
import { randomPermutation } from '../random/random-permutation.js'
import type { TokenStream } from '../tokens/pack-documents.js'

/** Sequences and, for each of their tokens, the token that follows. */
export interface TokenBatch {
  /** Token ids, row-major [batchSize, length]. */
  inputs: Int32Array
  /** `labels[i]` is the token after `inputs[i]` in the text, row-major [batchSize, length]. */
  labels: Int32Array
  /** The number of sequences. */
  batchSize: number
  /** The number of tokens in a sequence. */
  length: number
}

/** A place in the order of batches, as plain JSON. */
export interface BatchCursor {
  /** Which pass over the text, from 0. */
  epoch: number
  /** Which batch of the epoch comes next, from 0. */
  batch: number
}

/** An endless row of batches that can go to any place at once. */
export interface BatchSource {
  /** How many batches one epoch has, the same in every epoch. */
  readonly batchesPerEpoch: number
  /** How many tokens one batch teaches: batchSize · length. */
  readonly tokensPerBatch: number
  /** The next batch, in arrays of its own; after the last of an epoch comes the first of the next epoch. */
  next(): TokenBatch
  /** Where {@link BatchSource.next} will read: save it with a checkpoint. */
  cursor(): BatchCursor
  /**
   * Goes to a place that {@link BatchSource.cursor} gave: the batches from there are the same as if the source had
   * never stopped.
   *
   * @throws {DataError} `invalid-argument` for a place that this source does not have
   */
  seek(cursor: BatchCursor): void
}

/** Options of {@link nextTokenBatches}. */
export interface BatchOptions {
  /** Sequences in a batch. */
  batchSize: number
  /** Tokens in a sequence. */
  length: number
  /** A whole number from 0; the order depends on it and on nothing else. */
  seed: number
  /** False reads the text from its start in its own order, for validation; `seed` then has no effect. Default true. */
  shuffle?: boolean
}

/**
 * Cuts a token stream into batches for next-token prediction (arXiv 2502.18845: concatenate, cut, shuffle).
 *
 * An epoch cuts the stream into windows of `length` + 1 tokens. A window shares its last token with the next one, so
 * every token from the first window's second on is a label exactly once. The windows come in an order that depends on
 * (seed, epoch) alone, in batches of `batchSize`.
 *
 * The cut of each epoch starts at a random offset below `length`, so that borders fall elsewhere each time; the offset
 * is kept so small that it never costs a batch. An epoch leaves out the tokens before the offset, those after the last
 * whole window, and fewer than `batchSize` windows that do not fill a batch: other ones each time, so that over the
 * epochs nothing is lost. With `shuffle: false` the offset is 0 and only the end of the stream is left out.
 *
 * @throws {DataError} `invalid-argument` for a size that is no whole number from 1, or a seed that is none from 0;
 *   `text-too-short` if the stream does not fill one batch
 */
export function nextTokenBatches(stream: Pick<TokenStream, 'tokens'>, options: BatchOptions): BatchSource {
  const { tokens } = stream
  const { batchSize, length, seed, shuffle = true } = options
  checkInteger('nextTokenBatches', 'batchSize', batchSize, 1)
  checkInteger('nextTokenBatches', 'length', length, 1)
  checkInteger('nextTokenBatches', 'seed', seed, 0)
  const mostWindows = countWindows(tokens.length, length, 0)
  const batchesPerEpoch = Math.floor(mostWindows / batchSize)
  if (batchesPerEpoch === 0) throw tooShort(tokens.length, mostWindows, options)
  const freeTokens = tokens.length - 1 - batchesPerEpoch * batchSize * length

  const openEpoch = (epoch: number): { offset: number; order: (index: number) => number } => {
    if (!shuffle) return { offset: 0, order: (index) => index }
    const random = randomGenerator(seed, epoch)
    const offset = random.below(Math.min(length, freeTokens + 1))
    const permutation = randomPermutation(countWindows(tokens.length, length, offset), random)
    return { offset, order: (index) => permutation[index]! }
  }

  let position: BatchCursor = { epoch: 0, batch: 0 }
  let opened = { epoch: 0, ...openEpoch(0) }
  return {
    batchesPerEpoch,
    tokensPerBatch: batchSize * length,
    next() {
      const { epoch, batch } = position
      if (opened.epoch !== epoch) opened = { epoch, ...openEpoch(epoch) }
      const inputs = new Int32Array(batchSize * length) // [batchSize, length]
      const labels = new Int32Array(batchSize * length) // [batchSize, length]
      for (let row = 0; row < batchSize; row++) {
        const start = opened.offset + opened.order(batch * batchSize + row) * length
        inputs.set(tokens.subarray(start, start + length), row * length)
        labels.set(tokens.subarray(start + 1, start + length + 1), row * length)
      }
      position = batch + 1 < batchesPerEpoch ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 }
      return { inputs, labels, batchSize, length }
    },
    cursor: () => ({ ...position }),
    seek({ epoch, batch }) {
      checkInteger('seek', 'cursor.epoch', epoch, 0)
      checkInteger('seek', 'cursor.batch', batch, 0, batchesPerEpoch - 1)
      position = { epoch, batch }
    },
  }
}

function countWindows(tokenCount: number, length: number, offset: number): number {
  return Math.max(0, Math.floor((tokenCount - 1 - offset) / length))
}

function tooShort(tokenCount: number, windows: number, { batchSize, length }: BatchOptions): DataError {
  const [needed, lower] =
    windows === 0
      ? [`one sequence of length ${length} needs ${length + 1} (one more, for the last label)`, 'length']
      : [`${batchSize} sequences of length ${length} need ${batchSize * length + 1}`, 'batchSize or length']
  return new DataError(
    'text-too-short',
    `nextTokenBatches: the text has ${tokenCount} tokens, but ${needed}. Lower ${lower}, or bring more text.`,
  )
}
