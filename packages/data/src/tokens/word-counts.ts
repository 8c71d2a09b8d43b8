import { specialTokenSplitter } from './special-tokens.js'
import { wordScanner, type WordScanner } from './word-scanner.js'
import { WordTable } from './word-table.js'

/** How often each word occurs in texts, words as `wordPattern` cuts them; special tokens are passed over. */
export class WordCounts {
  readonly #words = new WordTable()
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
