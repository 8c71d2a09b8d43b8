import { checkChoice } from '../check-choice.js'
import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import { alignedSequences } from './aligned-sequences.js'
import { packedSequences } from './packed-sequences.js'
import type { SequenceRow, Sequences } from './sequences.js'
import { streamSource, type StreamedTokens } from './stream-source.js'
import type { TokenSource } from './token-source.js'

/** Sequences and, for each of their tokens, the token that follows. */
export interface TokenBatch {
  /** Token ids, row-major [batchSize, length]. */
  inputs: Int32Array
  /** `labels[i]` is the token after `inputs[i]` in the text, or −100 where nothing is asked; [batchSize, length]. */
  labels: Int32Array
  /**
   * With `documents: 'aligned'`: which document of its row a token belongs to, from 1, and 0 for padding; row-major
   * [batchSize, length]. Attention must not cross from one to another.
   */
  segmentIds?: Int32Array
  /** The number of sequences. */
  batchSize: number
  /** The number of tokens in a sequence. */
  length: number
}

/** A place in one source, as plain JSON. */
export interface SourceCursor {
  /** Which pass over the source, from 0. */
  epoch: number
  /** Which sequence of the epoch comes next, from 0. */
  sequence: number
}

/** A place in the order of batches, as plain JSON: one entry for each source. */
export type BatchCursor = SourceCursor[]

/** An endless row of batches that can go to any place at once. */
export interface BatchSource {
  /** How many sequences an epoch of each source has, the same in every epoch. */
  readonly sequencesPerEpoch: readonly number[]
  /** How many tokens one batch holds: batchSize · length. */
  readonly tokensPerBatch: number
  /** The next batch, in arrays of its own. If reading it fails, the same batch comes next. */
  next(): TokenBatch
  /** Where {@link BatchSource.next} will read: save it with a checkpoint. */
  cursor(): BatchCursor
  /**
   * Goes to a place that {@link BatchSource.cursor} gave: the batches from there are the same as if the source had
   * never stopped. A batch size or number of processes that differs from before is no hindrance: the sequences come in
   * the same order.
   *
   * @throws {DataError} `invalid-argument` for a place that this source does not have
   */
  seek(cursor: BatchCursor): void
}

/** One of several sources, and how much of it there is in the mixture. */
export interface WeightedSource {
  /** Where the tokens are. */
  source: TokenSource | StreamedTokens
  /** Its share of the sequences, relative to the other weights. */
  weight: number
}

/** Options of {@link nextTokenBatches}. */
export interface BatchOptions {
  /** Sequences in a batch, of each process. */
  batchSize: number
  /** Tokens in a sequence. */
  length: number
  /** A whole number from 0; the order depends on it and on nothing else. */
  seed: number
  /** False reads the text from its start in its own order, for validation; `seed` then has no effect. Default true. */
  shuffle?: boolean
  /**
   * `packed`, the default: all documents as one row of tokens, cut every `length` tokens; attention crosses
   * documents, as the paper trains (arXiv 2502.18845). `aligned`: whole documents side by side, with `segmentIds`;
   * only documents that are longer than a sequence are cut.
   */
  documents?: 'packed' | 'aligned'
  /** Which of `worldSize` processes this is, from 0: each takes its own rows of the same order. Default 0. */
  rank?: number
  /** How many processes share the order. Default 1. */
  worldSize?: number
}

/**
 * Batches for next-token prediction from one source of tokens or a mixture of several.
 *
 * An epoch of a source has each of its sequences once, in an order that depends on (seed, epoch) alone and of which any
 * place is computed by itself. Epochs follow one another without a gap: a batch may hold the last sequences of one and
 * the first of the next. So every token is taught exactly once an epoch, whatever the batch size, the number of
 * processes and the places where a run was resumed. `packed` and `aligned` say how sequences are cut.
 *
 * In a mixture each source goes through epochs of its own. The next sequence comes from the source that lags most
 * behind its share, so that shares hold at every moment and nothing is drawn at random.
 *
 * With `worldSize` processes, each group of worldSize · batchSize sequences is a step: the process of rank r takes rows
 * r · batchSize to (r + 1) · batchSize − 1 of it.
 *
 * @param tokens - tokens in memory, prepared shards, or several of them with weights
 * @param options - see {@link BatchOptions}
 * @throws {DataError} `invalid-argument` for a size that is no whole number from 1, a seed that is none from 0, a rank
 *   that is not below worldSize, a weight that is not above 0; `text-too-short` if a source does not fill one sequence
 */
export function nextTokenBatches(
  tokens: TokenSource | StreamedTokens | readonly WeightedSource[],
  options: BatchOptions,
): BatchSource {
  const { batchSize, length, seed, shuffle = true, documents = 'packed', rank = 0, worldSize = 1 } = options
  checkInteger('nextTokenBatches', 'batchSize', batchSize, 1)
  checkInteger('nextTokenBatches', 'length', length, 1)
  checkInteger('nextTokenBatches', 'seed', seed, 0)
  checkInteger('nextTokenBatches', 'worldSize', worldSize, 1)
  checkInteger('nextTokenBatches', 'rank', rank, 0, worldSize - 1)
  checkChoice('nextTokenBatches', 'documents', documents, ['packed', 'aligned'])
  const parts = listSources(tokens)
  const cut = documents === 'packed' ? packedSequences : alignedSequences
  const readers = parts.map(({ source }, index) => {
    if (source.tokenCount <= length && documents === 'packed') throw tooShort(source, length)
    const sequences = cut(source, { length, seed: parts.length === 1 ? seed : seed + index * 2 ** 33, shuffle })
    if (sequences.count === 0) throw documents === 'packed' ? tooShort(source, length) : documentsTooShort(source)
    return epochReader(sequences)
  })
  const sequencesPerEpoch = readers.map(({ count }) => count)
  const totalWeight = parts.reduce((sum, { weight }) => sum + weight, 0)
  const shares = parts.map(({ weight }) => weight / totalWeight)

  let cursor: BatchCursor = parts.map(() => ({ epoch: 0, sequence: 0 }))
  /** Fills a row, or passes over it, and moves on. */
  const take = (row: SequenceRow | null): void => {
    const chosen = cursor.length === 1 ? 0 : mostBehind(cursor, sequencesPerEpoch, shares)
    const place = cursor[chosen]!
    if (row !== null) readers[chosen]!.fill(place, row)
    place.sequence++
    if (place.sequence === sequencesPerEpoch[chosen]) cursor[chosen] = { epoch: place.epoch + 1, sequence: 0 }
  }

  return {
    sequencesPerEpoch,
    tokensPerBatch: batchSize * length,
    next() {
      const before = cursor.map((place) => ({ ...place }))
      const inputs = new Int32Array(batchSize * length) // [batchSize, length]
      const labels = new Int32Array(batchSize * length) // [batchSize, length]
      const segmentIds = documents === 'aligned' ? new Int32Array(batchSize * length) : null // [batchSize, length]
      try {
        for (let index = 0; index < worldSize * batchSize; index++) {
          const row = index - rank * batchSize
          if (row < 0 || row >= batchSize) {
            take(null)
            continue
          }
          const [start, end] = [row * length, (row + 1) * length]
          take({
            inputs: inputs.subarray(start, end),
            labels: labels.subarray(start, end),
            segmentIds: segmentIds && segmentIds.subarray(start, end),
          })
        }
      } catch (error) {
        cursor = before
        throw error
      }
      return { inputs, labels, ...(segmentIds && { segmentIds }), batchSize, length }
    },
    cursor: () => cursor.map((place) => ({ ...place })),
    seek(places) {
      checkCursor(places, sequencesPerEpoch)
      cursor = places.map(({ epoch, sequence }) => ({ epoch, sequence }))
    },
  }
}

/** Throws a {@link DataError} unless a cursor is a place in sources with so many sequences an epoch. */
export function checkCursor(places: BatchCursor, sequencesPerEpoch: readonly number[]): void {
  if (!Array.isArray(places) || places.length !== sequencesPerEpoch.length) {
    const got = Array.isArray(places) ? `${places.length}` : JSON.stringify(places)
    throw new DataError(
      'invalid-argument',
      `seek: the cursor must have a place for each of ${sequencesPerEpoch.length} source(s), got ${got}. Was it saved ` +
        'with other data?',
    )
  }
  for (const [index, { epoch, sequence }] of places.entries()) {
    checkInteger('seek', `cursor[${index}].epoch`, epoch, 0)
    checkInteger('seek', `cursor[${index}].sequence`, sequence, 0, sequencesPerEpoch[index]! - 1)
  }
}

function listSources(
  tokens: TokenSource | StreamedTokens | readonly WeightedSource[],
): { source: TokenSource; weight: number }[] {
  const asSource = (given: TokenSource | StreamedTokens): TokenSource => ('read' in given ? given : streamSource(given))
  if (!isMixture(tokens)) return [{ source: asSource(tokens), weight: 1 }]
  if (tokens.length === 0) {
    throw new DataError('invalid-argument', 'nextTokenBatches: the list of sources is empty. Give at least one.')
  }
  return tokens.map(({ source, weight }, index) => {
    if (weight > 0 && Number.isFinite(weight)) return { source: asSource(source), weight }
    throw new DataError(
      'invalid-argument',
      `nextTokenBatches: the weight of source ${index} must be a number above 0, got ${weight}. Leave out a source ` +
        'that should not be read.',
    )
  })
}

function isMixture(
  tokens: TokenSource | StreamedTokens | readonly WeightedSource[],
): tokens is readonly WeightedSource[] {
  return Array.isArray(tokens)
}

/** Fills rows from whatever epoch they lie in, and keeps the last one open. */
function epochReader(sequences: Sequences): { count: number; fill: (place: SourceCursor, row: SequenceRow) => void } {
  let opened: { epoch: number; fill: ReturnType<Sequences['openEpoch']> } | null = null
  return {
    count: sequences.count,
    fill({ epoch, sequence }, row) {
      if (opened?.epoch !== epoch) opened = { epoch, fill: sequences.openEpoch(epoch) }
      opened.fill(sequence, row)
    },
  }
}

/** The source that, one sequence from now, would lag most behind its share; of equals the first. */
function mostBehind(cursor: BatchCursor, perEpoch: readonly number[], shares: readonly number[]): number {
  const taken = cursor.map(({ epoch, sequence }, index) => epoch * perEpoch[index]! + sequence)
  const total = taken.reduce((sum, count) => sum + count, 1)
  let [best, mostMissing] = [0, -Infinity]
  for (const [index, share] of shares.entries()) {
    const missing = share * total - taken[index]!
    if (missing > mostMissing) [best, mostMissing] = [index, missing]
  }
  return best
}

function tooShort({ tokenCount }: TokenSource, length: number): DataError {
  return new DataError(
    'text-too-short',
    `nextTokenBatches: the text has ${tokenCount} tokens, but one sequence of length ${length} needs ${length + 1} ` +
      '(one more, for the last label). Lower length, or bring more text.',
  )
}

function documentsTooShort({ documentCount }: TokenSource): DataError {
  return new DataError(
    'text-too-short',
    `nextTokenBatches: with documents 'aligned' a document needs two tokens, one to read and one to predict, but none ` +
      `of ${documentCount} has as many. Take documents 'packed', or longer documents.`,
  )
}
