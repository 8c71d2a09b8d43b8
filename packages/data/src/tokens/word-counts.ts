import { specialTokenSplitter } from './special-tokens.js'
import { wordScanner, type WordScanner } from './word-scanner.js'
import { WordTable } from './word-table.js'

/** Different words one after another, and how often each occurs: what a worker thread sends. */
export interface CountedWords {
  text: string
  /** In code units. */
  lengths: Uint32Array<ArrayBuffer>
  counts: Float64Array<ArrayBuffer>
}

/** How often each word occurs in texts, words as `wordPattern` cuts them; special tokens are passed over. */
export class WordCounts {
  #words = new WordTable()
  readonly #splitAtSpecialTokens: ReturnType<typeof specialTokenSplitter>
  readonly #endOfWord: WordScanner = wordScanner()
  #counts = new Float64Array(1024)

  constructor(specialTokens: readonly string[]) {
    this.#splitAtSpecialTokens = specialTokenSplitter(specialTokens)
  }

  /** How many different words there are. */
  get size(): number {
    return this.#words.size
  }

  /** Counts the words of a text. */
  count(text: string): void {
    for (const { piece, isSpecial } of this.#splitAtSpecialTokens(text)) {
      if (isSpecial) continue
      for (let start = 0; start < piece.length;) {
        const end = this.#endOfWord(piece, start)
        this.#add(piece, start, end, 1)
        start = end
      }
    }
  }

  /** Adds what was counted elsewhere. */
  addAll({ text, lengths, counts }: CountedWords): void {
    let start = 0
    for (const [index, length] of lengths.entries()) {
      this.#add(text, start, start + length, counts[index]!)
      start += length
    }
  }

  /** Gives away what was counted, and starts anew. */
  take(): CountedWords {
    const { size } = this
    const lengths = Uint32Array.from({ length: size }, (_, index) => this.#words.lengthOf(index))
    const taken = { text: this.#words.joined(), lengths, counts: this.#counts.slice(0, size) }
    this.#words.clear()
    this.#counts.fill(0, 0, size)
    return taken
  }

  /** Forgets the rarest words beyond `most`; of those that occur equally often, the ones that came last. */
  keepMostFrequent(most: number): void {
    if (this.size <= most) return
    const counts = this.#counts.slice(0, this.size)
    const least = counts.toSorted()[this.size - most]!
    let atLeast = most - counts.reduce((kept, count) => kept + Number(count > least), 0)
    const words = this.#words
    this.#words = new WordTable()
    this.#counts = new Float64Array(1024)
    for (const [index, count] of counts.entries()) {
      if (count < least || (count === least && atLeast-- <= 0)) continue
      const word = words.word(index)
      this.#add(word, 0, word.length, count)
    }
  }

  /** Words and how often they occur. */
  *entries(): Generator<[word: string, count: number]> {
    for (let index = 0; index < this.size; index++) yield [this.#words.word(index), this.#counts[index]!]
  }

  #add(text: string, start: number, end: number, count: number): void {
    let index = this.#words.find(text, start, end)
    if (index < 0) {
      index = this.#words.add(index, text, start, end)
      if (index === this.#counts.length) {
        const counts = new Float64Array(2 * index)
        counts.set(this.#counts)
        this.#counts = counts
      }
    }
    this.#counts[index] += count
  }
}
