/**
 * Different words, numbered in the order in which they came. A word is looked up where it stands in a text, without a
 * string being made of it, and kept as code units.
 */
export class WordTable {
  #slots = new Int32Array(1024).fill(-1) // index of a word, or −1; at most half of them are taken
  #hashes = new Int32Array(512)
  #starts = new Float64Array(513)
  #units = new Uint16Array(4096)
  #size = 0

  /** How many words there are. */
  get size(): number {
    return this.#size
  }

  /** The number of the word from `start` to `end` of `text`, or −1 minus the place where it would go: for `add`. */
  find(text: string, start: number, end: number): number {
    const hash = hashOf(text, start, end)
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]!
      if (index === -1) return -1 - slot
      if (this.#hashes[index] === hash && this.#equals(index, text, start, end)) return index
    }
  }

  /** Adds a word that `find` has just not found, at the place that it gave, and returns its number. */
  add(place: number, text: string, start: number, end: number): number {
    const index = this.#size++
    if (index === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, new Int32Array(2 * index))
      this.#starts = grown(this.#starts, new Float64Array(2 * index + 1))
    }
    const from = this.#starts[index]!
    const to = from + end - start
    if (to > this.#units.length) this.#units = grown(this.#units, new Uint16Array(Math.max(to, 2 * this.#units.length)))
    for (let position = start; position < end; position++) {
      this.#units[from + position - start] = text.charCodeAt(position)
    }
    this.#starts[index + 1] = to
    this.#hashes[index] = hashOf(text, start, end)
    this.#slots[-1 - place] = index
    if (2 * this.#size > this.#slots.length) this.#spread()
    return index
  }

  /** The word of a number. */
  word(index: number): string {
    return this.#textOf(this.#starts[index]!, this.#starts[index + 1]!)
  }

  /** The length of the word of a number, in code units. */
  lengthOf(index: number): number {
    return this.#starts[index + 1]! - this.#starts[index]!
  }

  /** All words one after another. */
  joined(): string {
    return this.#textOf(0, this.#starts[this.#size]!)
  }

  /** Forgets all words. */
  clear(): void {
    this.#slots.fill(-1)
    this.#size = 0
  }

  #textOf(start: number, end: number): string {
    let text = ''
    for (let from = start; from < end; from += 8192) {
      text += String.fromCharCode(...this.#units.subarray(from, Math.min(from + 8192, end)))
    }
    return text
  }

  #equals(index: number, text: string, start: number, end: number): boolean {
    const from = this.#starts[index]!
    if (this.#starts[index + 1]! - from !== end - start) return false
    for (let position = start; position < end; position++) {
      if (this.#units[from + position - start] !== text.charCodeAt(position)) return false
    }
    return true
  }

  #spread(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1)
    const mask = this.#slots.length - 1
    for (let index = 0; index < this.#size; index++) {
      let slot = this.#hashes[index]! & mask
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
      this.#slots[slot] = index
    }
  }
}

function grown<Numbers extends Int32Array | Float64Array | Uint16Array>(from: Numbers, into: Numbers): Numbers {
  into.set(from)
  return into
}

/** FNV-1a over code units, with its bits mixed so that the low ones depend on all. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let position = start; position < end; position++) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return hash ^ (hash >>> 15)
}
