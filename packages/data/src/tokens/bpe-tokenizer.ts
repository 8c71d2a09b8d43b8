import { byteLevelTokenizer } from './byte-level-tokenizer.js'
import { EncodedWords } from './encoded-words.js'
import { mergeRanks, type Merge } from './merge-ranks.js'
import { PriorityQueue } from './priority-queue.js'
import type { ByteLevelTokenizer } from './tokenizer.js'
import { wordScanner } from './word-scanner.js'

/** A trained vocabulary. */
export interface BpeParts {
  /** The bytes of every id that is not special, all 256 single bytes among them. */
  tokens: ReadonlyMap<number, Uint8Array>
  /** The first to be merged first. */
  merges: readonly Merge[]
  specialTokens: ReadonlyMap<string, number>
}

const wordsRemembered = 262_144
const longestShortWord = 64 // bytes

/** Byte-level BPE (Sennrich et al. 2016, on bytes as in Radford et al. 2019). */
export function bpeTokenizer({ tokens, merges, specialTokens }: BpeParts): ByteLevelTokenizer {
  const idOfByte = new Int32Array(256)
  for (const [id, bytes] of tokens) if (bytes.length === 1) idOfByte[bytes[0]!] = id
  const mergeWord = wordMerger(merges)
  const encoder = new TextEncoder()
  const encodeWord = (word: string): Int32Array =>
    mergeWord(Int32Array.from(encoder.encode(word), (byte) => idOfByte[byte]!))
  const endOfWord = wordScanner()
  const words = new EncodedWords(wordsRemembered)
  return byteLevelTokenizer({
    kind: 'bpe',
    tokens,
    merges: merges.map(({ left, right }) => [left, right]),
    specialTokens,
    encodeOrdinary(text, output) {
      for (let start = 0; start < text.length;) {
        const end = endOfWord(text, start)
        words.append(text, start, end, output, encodeWord)
        start = end
      }
    },
  })
}

/**
 * A function that merges the symbols of one word, lowest rank first, of equal ranks the leftmost first. Long words take
 * O(n log n), so that a megabyte without white space is no trap.
 */
export function wordMerger(merges: readonly Merge[]): (symbols: Int32Array) => Int32Array {
  const rankOf = mergeRanks(merges)
  const ranks = new Int32Array(longestShortWord) // of each symbol with the next

  const mergeShort = (symbols: Int32Array): Int32Array => {
    let length = symbols.length
    for (let index = 0; index + 1 < length; index++) ranks[index] = rankOf(symbols[index]!, symbols[index + 1]!)
    for (;;) {
      let best = -1
      for (let index = 0; index + 1 < length; index++) {
        if (ranks[index] !== -1 && (best === -1 || ranks[index]! < ranks[best]!)) best = index
      }
      if (best === -1) return symbols.slice(0, length)
      symbols[best] = merges[ranks[best]!]!.merged
      symbols.copyWithin(best + 1, best + 2, length)
      ranks.copyWithin(best + 1, best + 2, length)
      length--
      if (best > 0) ranks[best - 1] = rankOf(symbols[best - 1]!, symbols[best]!)
      if (best + 1 < length) ranks[best] = rankOf(symbols[best]!, symbols[best + 1]!)
    }
  }

  const mergeLong = (symbols: Int32Array): Int32Array => {
    const length = symbols.length
    const next = Int32Array.from(symbols, (_, index) => index + 1)
    const previous = Int32Array.from(symbols, (_, index) => index - 1)
    const queue = new PriorityQueue<{ rank: number; position: number }>(
      (left, right) => left.rank < right.rank || (left.rank === right.rank && left.position < right.position),
    )
    const rankAt = (position: number): number =>
      next[position]! < length ? rankOf(symbols[position]!, symbols[next[position]!]!) : -1
    const consider = (position: number): void => {
      const rank = rankAt(position)
      if (rank !== -1) queue.push({ rank, position })
    }

    for (let position = 0; position + 1 < length; position++) consider(position)
    for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
      const { rank, position } = top
      const gone = symbols[position] === -1
      if (gone || rankAt(position) !== rank) continue // the pair was merged with another neighbour since
      const right = next[position]!
      symbols[position] = merges[rank]!.merged
      symbols[right] = -1
      next[position] = next[right]!
      if (next[position]! < length) previous[next[position]!] = position
      if (position > 0) consider(previous[position]!)
      consider(position)
    }
    return symbols.filter((symbol) => symbol !== -1)
  }

  return (symbols) => (symbols.length <= longestShortWord ? mergeShort(symbols) : mergeLong(symbols))
}
