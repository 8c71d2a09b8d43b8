import { randomOrder } from '../random/random-order.js'
import type { SequenceOptions } from './packed-sequences.js'
import { ignoredLabel, paddingToken, type Sequences } from './sequences.js'
import type { TokenSource } from './token-source.js'

/**
 * Whole documents side by side, each a segment of its own: attention does not cross them. A document longer than a
 * sequence is cut every `length` tokens. The pieces are packed best-fit decreasing (Ding et al. 2024, "Fewer
 * truncations improve language modeling"), once for all epochs; a shuffled epoch orders the sequences by (seed, epoch).
 * What is left free is padded. Every token but the first of its document is a label exactly once an epoch, across the
 * cuts of long documents too; the last token of a document has nothing to predict.
 *
 * Memory: 28 bytes for each piece, twice as many while they are packed; none for tokens.
 */
export function alignedSequences(source: TokenSource, { length, seed, shuffle }: SequenceOptions): Sequences {
  const { starts, lengths, ends, firstPiece } = packPieces(listPieces(source, length), length)
  const count = firstPiece.length - 1
  return {
    count,
    openEpoch(epoch) {
      const order = shuffle ? randomOrder(count, seed, epoch) : (place: number) => place
      const buffer = new Int32Array(length + 1)
      return (place, { inputs, labels, segmentIds }) => {
        const sequence = order(place)
        let position = 0
        for (let piece = firstPiece[sequence]!; piece < firstPiece[sequence + 1]!; piece++) {
          const [start, taken] = [starts[piece]!, lengths[piece]!]
          const endsDocument = start + taken === ends[piece]!
          const read = buffer.subarray(0, endsDocument ? taken : taken + 1)
          source.read(start, read)
          inputs.set(read.subarray(0, taken), position)
          labels.set(read.subarray(1), position)
          if (endsDocument) labels[position + taken - 1] = ignoredLabel
          segmentIds?.fill(piece - firstPiece[sequence]! + 1, position, position + taken)
          position += taken
        }
        inputs.fill(paddingToken, position)
        labels.fill(ignoredLabel, position)
        segmentIds?.fill(0, position)
      }
    },
  }
}

/** Parts of documents, none longer than a sequence. */
interface Pieces {
  /** Where each begins. */
  starts: Float64Array
  /** How many tokens each has. */
  lengths: Uint32Array
  /** Where its document ends. */
  ends: Float64Array
}

/** Cuts documents; the last token of one, left alone, has nothing to predict and is no piece. */
function listPieces(source: TokenSource, length: number): Pieces {
  const forEachDocument = (visit: (start: number, end: number) => void): void => {
    let start = source.documentStart(0)
    for (let index = 1; index <= source.documentCount; index++) {
      const end = source.documentStart(index)
      visit(start, end)
      start = end
    }
  }
  let count = 0
  forEachDocument((start, end) => (count += Math.max(0, Math.ceil((end - start - 1) / length))))
  const pieces = { starts: new Float64Array(count), lengths: new Uint32Array(count), ends: new Float64Array(count) }
  let piece = 0
  forEachDocument((first, end) => {
    for (let start = first; start < end - 1; start += length) {
      pieces.starts[piece] = start
      pieces.lengths[piece] = Math.min(length, end - start)
      pieces.ends[piece] = end
      piece++
    }
  })
  return pieces
}

/** Puts pieces into sequences: the longest first, each into the fullest sequence that still has room. */
function packPieces({ starts, lengths, ends }: Pieces, length: number): Pieces & { firstPiece: Uint32Array } {
  const longestFirst = orderByLength(lengths, length)
  const sequenceOf = new Uint32Array(starts.length)
  const rooms = new RoomIndex(length)
  let sequences = 0
  for (const piece of longestFirst) {
    const needed = lengths[piece]!
    const found = rooms.take(needed)
    const [sequence, room] = found ?? [sequences++, length]
    sequenceOf[piece] = sequence
    rooms.put(sequence, room - needed)
  }
  // by sequence, in the order of the source within each
  const firstPiece = new Uint32Array(sequences + 1)
  for (const sequence of sequenceOf) firstPiece[sequence + 1]!++
  for (let sequence = 0; sequence < sequences; sequence++) firstPiece[sequence + 1]! += firstPiece[sequence]!
  const next = firstPiece.slice()
  const packed = {
    starts: new Float64Array(starts.length),
    lengths: new Uint32Array(starts.length),
    ends: new Float64Array(starts.length),
  }
  for (let piece = 0; piece < starts.length; piece++) {
    const place = next[sequenceOf[piece]!]!++
    packed.starts[place] = starts[piece]!
    packed.lengths[place] = lengths[piece]!
    packed.ends[place] = ends[piece]!
  }
  return { ...packed, firstPiece }
}

/** Pieces from the longest to the shortest, those of one length in their own order. */
function orderByLength(lengths: Uint32Array, longest: number): Uint32Array {
  const next = new Uint32Array(longest + 2) // by how much shorter than the longest
  for (const length of lengths) next[longest - length + 1]!++
  for (let shorter = 0; shorter <= longest; shorter++) next[shorter + 1]! += next[shorter]!
  const order = new Uint32Array(lengths.length)
  for (let piece = 0; piece < lengths.length; piece++) order[next[longest - lengths[piece]!]!++] = piece
  return order
}

/** Sequences by the room they have left; finds the smallest room that is large enough. */
class RoomIndex {
  /** Sequences with each room; from 1, for without room nothing more goes in. */
  readonly #byRoom: number[][]
  /** A binary tree over rooms: how many sequences lie below each node. */
  readonly #counts: Uint32Array
  readonly #leaves: number

  constructor(length: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(length + 1))
    this.#byRoom = Array.from({ length: length + 1 }, () => [])
    this.#counts = new Uint32Array(2 * this.#leaves)
  }

  put(sequence: number, room: number): void {
    if (room === 0) return
    this.#byRoom[room]!.push(sequence)
    this.#count(room, 1)
  }

  /** The sequence with the least room of at least `needed`, and its room; it is taken out. */
  take(needed: number): [sequence: number, room: number] | null {
    const room = this.#leastRoom(needed)
    if (room === null) return null
    this.#count(room, -1)
    return [this.#byRoom[room]!.pop()!, room]
  }

  #count(room: number, change: number): void {
    for (let node = this.#leaves + room; node >= 1; node = node >> 1) this.#counts[node]! += change
  }

  #leastRoom(needed: number): number | null {
    let node = this.#leaves + needed
    if (this.#counts[node]! > 0) return needed
    // up to the first right neighbour that is not empty, then down to its leftmost leaf
    while (node > 1 && (node % 2 === 1 || this.#counts[node + 1] === 0)) node = node >> 1
    if (node <= 1) return null
    node++
    while (node < this.#leaves) node = this.#counts[2 * node]! > 0 ? 2 * node : 2 * node + 1
    return node - this.#leaves
  }
}
