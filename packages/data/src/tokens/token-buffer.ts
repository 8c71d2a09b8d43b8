/** A list of token ids that grows. */
export class TokenBuffer {
  #ids = new Int32Array(1024)
  #length = 0

  /** Adds ids at the end. */
  append(ids: ArrayLike<number>): void {
    const end = this.#length + ids.length
    if (end > this.#ids.length) {
      const grown = new Int32Array(Math.max(end, this.#ids.length * 2))
      grown.set(this.#ids.subarray(0, this.#length))
      this.#ids = grown
    }
    if (ids.length === 1) this.#ids[this.#length] = ids[0]!
    else this.#ids.set(ids, this.#length)
    this.#length = end
  }

  /** The ids, as a copy. */
  toArray(): Int32Array {
    return this.#ids.slice(0, this.#length)
  }
}
