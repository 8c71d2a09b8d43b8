import { inWindow } from '../window/window.js'
import { segmentAt, type SwatAttentionCase } from './cases.js'

/** Which tokens of a case take part in a visible pair; sequence after sequence. */
export interface CaseVisibility {
  /** `batch · queries`: whether the query sees a key. */
  querySees: boolean[]
  /** `batch · keys`: whether a query sees the key. */
  keyIsSeen: boolean[]
}

/** Tries every pair of a case against the rule, one by one. */
export function visibilityOfCase(attentionCase: SwatAttentionCase): CaseVisibility {
  const { batchSize, queries, keys, window, sinks, documents } = attentionCase
  const querySees = new Array<boolean>(batchSize * queries).fill(false)
  const keyIsSeen = new Array<boolean>(batchSize * keys).fill(false)
  for (let b = 0; b < batchSize; b++) {
    const segment = (position: number) => (documents ? segmentAt(documents, b, position) : 0)
    for (let m = 0; m < queries; m++) {
      const query = offsetOf(attentionCase.queryOffset, b) + m
      for (let n = 0; n < keys; n++) {
        const key = offsetOf(attentionCase.keyOffset, b) + n
        const inReach = inWindow(query, key, window) || (key < sinks && key <= query)
        if (!inReach || segment(query) !== segment(key)) continue
        querySees[b * queries + m] = true
        keyIsSeen[b * keys + n] = true
      }
    }
  }
  return { querySees, keyIsSeen }
}

/** The offset of one sequence. */
export function offsetOf(offset: number | readonly number[], sequence: number): number {
  return typeof offset === 'number' ? offset : offset[sequence]
}
