import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import { bpeTokenizer } from './bpe-tokenizer.js'
import { alphabetBytes } from './byte-alphabet.js'
import type { Merge } from './merge-ranks.js'
import { PriorityQueue } from './priority-queue.js'
import { checkSpecialTokens } from './special-tokens.js'
import type { ByteLevelTokenizer } from './tokenizer.js'
import { WordCounts } from './word-counts.js'

/** Options of {@link trainBpe}. */
export interface TrainBpeOptions {
  /**
   * The most ids to make, the 256 bytes and the special tokens included. A small text runs out of pairs that occur
   * `minFrequency` times; then the tokenizer's `vocabSize` is smaller.
   */
  vocabSize: number
  /** Tokens such as `<|endoftext|>`, which get the last ids; nothing is learned across one. Default none. */
  specialTokens?: readonly string[]
  /** How often a pair must occur to become a token. Default 2. */
  minFrequency?: number
  /** Called after each merge with the number of tokens learned beyond the bytes and the most there can be. */
  onProgress?: (done: number, total: number) => void
}

/**
 * Learns a byte-level BPE vocabulary: cuts the texts into words with GPT-2's pattern, starts from the 256 bytes in the
 * order of GPT-2's alphabet and merges the most frequent pair of neighbours again and again; of equally frequent pairs
 * the one with the smallest ids. Same texts, same vocabulary; the order of the texts does not matter. The merges are
 * those of `BpeTrainer` in the Python package `tokenizers`.
 *
 * Time grows as text × log(text): pair counts follow each merge where it happens, and are not counted anew.
 *
 * @param texts what to learn from; taken one at a time
 * @throws {DataError} `invalid-argument` for a `vocabSize` below 256 + special tokens or a `minFrequency` below 1;
 *   `invalid-special-token`; `empty-text` for texts without a character
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): ByteLevelTokenizer {
  checkTraining('trainBpe', options)
  const words = new WordCounts(options.specialTokens ?? [])
  for (const text of texts) words.count(text)
  return learnBpe('trainBpe', words, options)
}

/** Throws a {@link DataError} for options that no training takes. */
export function checkTraining(
  owner: string,
  { vocabSize, specialTokens = [], minFrequency = 2 }: TrainBpeOptions,
): void {
  checkSpecialTokens(owner, specialTokens)
  const leastVocabSize = 256 + specialTokens.length
  if (!Number.isSafeInteger(vocabSize) || vocabSize < leastVocabSize) {
    throw new DataError(
      'invalid-argument',
      `${owner}: vocabSize must be a whole number of at least ${leastVocabSize} (256 bytes and ` +
        `${specialTokens.length} special tokens), got ${vocabSize}.`,
    )
  }
  checkInteger(owner, 'minFrequency', minFrequency, 1)
}

/** Learns a vocabulary from words that were counted. */
export function learnBpe(owner: string, words: WordCounts, options: TrainBpeOptions): ByteLevelTokenizer {
  const { vocabSize, specialTokens = [], minFrequency = 2, onProgress } = options
  if (words.size === 0) {
    throw new DataError('empty-text', `${owner}: the texts have no characters to learn from. Bring some text.`)
  }
  const { tokens, merges } = learnMerges(words, vocabSize - specialTokens.length, minFrequency, onProgress)
  return bpeTokenizer({
    tokens: new Map(tokens.entries()),
    merges,
    specialTokens: new Map(specialTokens.map((token, index) => [token, tokens.length + index])),
  })
}

/** Two ids that stand side by side somewhere. */
interface Pair {
  left: number
  right: number
  /** How often, counted with the frequency of the words. */
  count: number
  /** Where the left one stands, or stood: a place may have changed since. */
  positions: number[]
}

/** A pair in the queue, with its count when it was put there. The count may have fallen since. */
interface Candidate {
  pair: Pair
  count: number
}

function comesBefore(one: Candidate, other: Candidate): boolean {
  if (one.count !== other.count) return one.count > other.count
  if (one.pair.left !== other.pair.left) return one.pair.left < other.pair.left
  return one.pair.right < other.pair.right
}

function learnMerges(
  words: WordCounts,
  vocabSize: number,
  minFrequency: number,
  onProgress: TrainBpeOptions['onProgress'],
): { tokens: Uint8Array[]; merges: Merge[] } {
  const { symbols, previous, next, frequency } = layOutWords(words)
  const pairs = new Map<number, Pair>()
  const queue = new PriorityQueue<Candidate>(comesBefore)
  const enqueue = (pair: Pair): void => {
    if (pair.count >= minFrequency) queue.push({ pair, count: pair.count })
  }
  const addPair = (position: number): Pair => {
    const [left, right] = [symbols[position]!, symbols[next[position]!]!]
    const key = left * vocabSize + right
    let pair = pairs.get(key)
    if (pair === undefined) pairs.set(key, (pair = { left, right, count: 0, positions: [] }))
    pair.count += frequency[position]!
    pair.positions.push(position)
    return pair
  }
  const removePair = (position: number): void => {
    const key = symbols[position]! * vocabSize + symbols[next[position]!]!
    const pair = pairs.get(key)
    if (pair === undefined) return // the pair that is being merged
    pair.count -= frequency[position]!
    if (pair.count === 0) pairs.delete(key)
  }

  for (let position = 0; position < symbols.length; position++) if (next[position] !== -1) addPair(position)
  for (const pair of pairs.values()) enqueue(pair)

  const tokens: Uint8Array[] = alphabetBytes.map((byte) => Uint8Array.of(byte))
  const idOfToken = new Map(tokens.map((bytes, id) => [bytes.join(), id]))
  const merges: Merge[] = []
  const total = vocabSize - tokens.length
  while (tokens.length < vocabSize) {
    const candidate = queue.pop()
    if (candidate === undefined) break
    const { pair, count } = candidate
    if (pair.count !== count) {
      enqueue(pair)
      continue
    }
    const { left, right, positions } = pair
    const bytes = concatenate(tokens[left]!, tokens[right]!)
    const name = bytes.join()
    const merged = idOfToken.get(name) ?? tokens.length // two pairs may spell one token
    if (merged === tokens.length) {
      tokens.push(bytes)
      idOfToken.set(name, merged)
    }
    merges.push({ left, right, merged })
    pairs.delete(left * vocabSize + right)
    pair.count = 0

    const grown = new Set<Pair>()
    positions.sort((one, other) => one - other) // from left to right: of `aaa` the first two merge
    for (const position of positions) {
      const after = next[position]!
      if (symbols[position] !== left || after === -1 || symbols[after] !== right) continue
      const before = previous[position]!
      const beyond = next[after]!
      if (before !== -1) removePair(before)
      if (beyond !== -1) removePair(after)
      symbols[position] = merged
      symbols[after] = -1
      next[position] = beyond
      if (beyond !== -1) previous[beyond] = position
      if (before !== -1) grown.add(addPair(before))
      if (beyond !== -1) grown.add(addPair(position))
    }
    for (const changed of grown) enqueue(changed)
    onProgress?.(tokens.length - alphabetBytes.length, total)
  }
  return { tokens, merges }
}

function concatenate(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length)
  both.set(left)
  both.set(right, left.length)
  return both
}

/** All different words one after another, a list linked in both directions; −1 ends a word. */
interface WordLayout {
  symbols: Int32Array
  previous: Int32Array
  next: Int32Array
  /** How often the word occurs that a place belongs to. */
  frequency: Float64Array
}

function layOutWords(words: WordCounts): WordLayout {
  const idOfByte = new Int32Array(256)
  alphabetBytes.forEach((byte, id) => (idOfByte[byte] = id))
  const encoder = new TextEncoder()
  const spelled = Array.from(words.entries(), ([word, count]) => ({ bytes: encoder.encode(word), count }))
  const length = spelled.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const layout = {
    symbols: new Int32Array(length),
    previous: new Int32Array(length),
    next: new Int32Array(length),
    frequency: new Float64Array(length),
  }
  let position = 0
  for (const { bytes, count } of spelled) {
    for (const [index, byte] of bytes.entries()) {
      layout.symbols[position] = idOfByte[byte]!
      layout.previous[position] = index === 0 ? -1 : position - 1
      layout.next[position] = index === bytes.length - 1 ? -1 : position + 1
      layout.frequency[position] = count
      position++
    }
  }
  return layout
}
