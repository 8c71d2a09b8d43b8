const wordsOfDigest = 4

/**
 * A set of 128-bit digests in one typed array: 16 bytes a place, filled to at most two thirds, so 24 to 48 bytes a
 * digest. Two different texts share a digest with a chance of about n² / 2^129 for n texts.
 */
export class DigestTable {
  #words = new Uint32Array(wordsOfDigest * 1024)
  #size = 0

  /** How many digests it holds. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds a digest.
   *
   * @param digest at least 16 bytes; the rest is not looked at. Digests of random bits are assumed
   * @returns false if it was there already
   */
  add(digest: Uint8Array): boolean {
    if (3 * (this.#size + 1) * wordsOfDigest > 2 * this.#words.length) this.#grow()
    const view = new DataView(digest.buffer, digest.byteOffset)
    // All zeros mark a free place: that one digest in 2^128 is taken for its neighbour.
    const first = view.getUint32(0, true) || 1
    return this.#put(first, view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true))
  }

  #put(a: number, b: number, c: number, d: number): boolean {
    const words = this.#words
    const places = words.length / wordsOfDigest
    for (let place = (a ^ Math.imul(b, 0x9e3779b1)) & (places - 1); ; place = (place + 1) & (places - 1)) {
      const at = place * wordsOfDigest
      if (words[at] === 0) {
        words[at] = a
        words[at + 1] = b
        words[at + 2] = c
        words[at + 3] = d
        this.#size++
        return true
      }
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return false
    }
  }

  #grow(): void {
    const before = this.#words
    this.#words = new Uint32Array(2 * before.length)
    this.#size = 0
    for (let at = 0; at < before.length; at += wordsOfDigest) {
      if (before[at] !== 0) this.#put(before[at]!, before[at + 1]!, before[at + 2]!, before[at + 3]!)
    }
  }
}
