/** A binary heap: `pop` gives the entry that comes before all others. */
export class PriorityQueue<Entry> {
  readonly #entries: Entry[] = []
  readonly #comesBefore: (left: Entry, right: Entry) => boolean

  constructor(comesBefore: (left: Entry, right: Entry) => boolean) {
    this.#comesBefore = comesBefore
  }

  push(entry: Entry): void {
    const entries = this.#entries
    let index = entries.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#comesBefore(entry, entries[parent]!)) break
      entries[index] = entries[parent]!
      index = parent
    }
    entries[index] = entry
  }

  pop(): Entry | undefined {
    const entries = this.#entries
    const first = entries[0]
    const moved = entries.pop()
    if (moved === undefined || entries.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && this.#comesBefore(entries[child + 1]!, entries[child]!)) child++
      if (!this.#comesBefore(entries[child]!, moved)) break
      entries[index] = entries[child]!
      index = child
    }
    entries[index] = moved
    return first
  }
}
