import type { SwatAttentionInputs } from '../../op/contract.js'
import { type KeyRange, visibleKeys } from '../../window/window.js'

/** Consecutive queries and the keys that at least one of them sees. */
export interface Tile {
  /** Index of the first query. */
  firstQuery: number
  /** Number of queries. */
  queries: number
  /** Indexes of the keys: sinks before the window, then the window. */
  ranges: [sinks: KeyRange, window: KeyRange]
}

/** Where queries and keys start, the same in every sequence: the kernel takes others one sequence at a time. */
export function offsetsOf({ queryOffsets, keyOffsets }: SwatAttentionInputs): {
  queryOffset: number
  keyOffset: number
} {
  return { queryOffset: queryOffsets[0], keyOffset: keyOffsets[0] }
}

/**
 * The band cut into tiles of at most `blockSize` queries; each sees `blockSize + window − 1` keys at most, and the
 * sinks.
 */
export function tilesOf(inputs: SwatAttentionInputs, blockSize: number): Tile[] {
  const { window, sinks } = inputs
  const { queryOffset, keyOffset } = offsetsOf(inputs)
  const [queryCount, keys] = [inputs.queries.shape[1], inputs.keys.shape[1]]
  return Array.from({ length: Math.ceil(queryCount / blockSize) }, (_, i) => {
    const firstQuery = i * blockSize
    const queries = Math.min(blockSize, queryCount - firstQuery)
    const position = queryOffset + firstQuery
    const [sinkRange, range] = visibleKeys(position, position + queries - 1, { keys, keyOffset, window, sinks })
    const nothing = sinkRange.start === sinkRange.end && range.start === range.end
    return { firstQuery, queries, ranges: [sinkRange, nothing ? oneHiddenKey(range.start, keys) : range] }
  })
}

/** A tile that sees nothing gets one key, which its mask hides, so that no tensor is empty. */
function oneHiddenKey(place: number, keys: number): KeyRange {
  const start = Math.min(place, keys - 1)
  return { start, end: start + 1 }
}

/** Number of keys of a tile. */
export function keysIn({ ranges }: Tile): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}
