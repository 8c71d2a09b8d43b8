import type { CachedAttentionInputs } from '../../contract.js'
import type { Block } from './blocks.js'

/**
 * The columns of a block's logits: the rows of the past as they lie, the new tokens, and with sink logits one more.
 * Each list is `[batch, length, columns]`, row-major.
 */
export interface Columns {
  /** Number of columns. */
  count: number
  /** 1 where the query sees the column. */
  visible: Float32Array
  /** Distance where it sees a key. */
  distance: Float32Array
  /** 1 where it sees a key. */
  isKey: Float32Array
  /** 1 where it sees the sink logit. */
  isSink: Float32Array
}

/** Which query of a block sees which column. */
export function columnsOf(inputs: CachedAttentionInputs, { length, places }: Block): Columns {
  const { sinks, capacity, window, sinkLogits } = inputs
  const rows = sinks + capacity
  const count = rows + length + (sinkLogits ? 1 : 0)
  const list = () => new Float32Array(places.length * length * count)
  const columns = { count, visible: list(), distance: list(), isKey: list(), isSink: list() }
  places.forEach((place, b) => {
    for (let i = 0; i < place.count; i++) {
      const query = (b * length + i) * count
      const show = (column: number, distance: number) => {
        columns.visible[query + column] = columns.isKey[query + column] = 1
        columns.distance[query + column] = distance
      }
      for (let row = place.firstSink; row < place.endSink; row++) show(row, place.position + i - row)
      for (let age = 1; age <= place.kept && i + age < window; age++) {
        show(sinks + ((place.slot - age + capacity) % capacity), i + age)
      }
      for (let j = 0; j <= i; j++) if (i - j < window || j < place.newSinks) show(rows + j, i - j)
      if (sinkLogits) columns.visible[query + count - 1] = columns.isSink[query + count - 1] = 1
    }
  })
  return columns
}
