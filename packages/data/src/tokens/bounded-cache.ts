/** A map that forgets everything when it is full, so that it never holds more than `capacity` entries. */
export class BoundedCache<Key, Value> {
  readonly #entries = new Map<Key, Value>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)
  }

  set(key: Key, value: Value): void {
    if (this.#entries.size >= this.#capacity && !this.#entries.has(key)) this.#entries.clear()
    this.#entries.set(key, value)
  }
}
