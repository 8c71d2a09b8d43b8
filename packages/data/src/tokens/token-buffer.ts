/** A list of token ids that grows. */
export class TokenBuffer {
  #ids = new Int32Array(1024)
  #length = 0

  /** How many ids there are. */
  get length(): number {
    return this.#length
  }

  /** Adds ids at the end. */
  append(ids: ArrayLike<number>): void {
    const start = this.#length
    this.#reserve(ids.length)
    this.#ids.set(ids, start)
  }

  /** Adds the ids from `start` to `end` of another list at the end. */
  appendPart(other: TokenBuffer, start: number, end: number): void {
    let position = this.#length
    this.#reserve(end - start)
    const [from, to] = [other.#ids, this.#ids]
    for (let index = start; index < end; index++) to[position++] = from[index]!
  }

  /** Forgets all ids. */
  clear(): void {
    this.#length = 0
  }

  /** The ids, as a copy. */
  toArray(): Int32Array {
    return this.#ids.slice(0, this.#length)
  }

  #reserve(count: number): void {
    this.#length += count
    if (this.#length <= this.#ids.length) return
    const grown = new Int32Array(Math.max(this.#length, this.#ids.length * 2))
    grown.set(this.#ids)
    this.#ids = grown
  }
}
