import { TokenBuffer } from './token-buffer.js'
import { WordTable } from './word-table.js'

const longestWord = 64 // code units

/** The ids of words that came before. When it is full it forgets them all. */
export class EncodedWords {
  readonly #words = new WordTable()
  readonly #ids = new TokenBuffer()
  readonly #capacity: number
  #ends = new Int32Array(1024) // of the ids of each word

  /** @param capacity - the most words to hold */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** How many words it holds. */
  get size(): number {
    return this.#words.size
  }

  /** Adds the ids of the word from `start` to `end` of `text` to `output`; `encode` makes them where they are new. */
  append(text: string, start: number, end: number, output: TokenBuffer, encode: (word: string) => Int32Array): void {
    if (end - start > longestWord) return output.append(encode(text.slice(start, end)))
    let place = this.#words.find(text, start, end)
    if (place < 0) {
      const ids = encode(text.slice(start, end))
      if (this.size === this.#capacity) {
        this.#words.clear()
        this.#ids.clear()
        place = this.#words.find(text, start, end)
      }
      place = this.#words.add(place, text, start, end)
      this.#ids.append(ids)
      if (place === this.#ends.length) {
        const ends = new Int32Array(2 * place)
        ends.set(this.#ends)
        this.#ends = ends
      }
      this.#ends[place] = this.#ids.length
    }
    output.appendPart(this.#ids, place === 0 ? 0 : this.#ends[place - 1]!, this.#ends[place]!)
  }
}
