import type { RollingCache } from '../cache/rolling-cache.js'
import type { SequencePlace } from './contract.js'

/** Where the sequences of a cache stand when some new tokens come. */
export function placesOf(cache: RollingCache, lengths: readonly number[]): SequencePlace[] {
  const { sinks, positions, starts, memory } = cache
  const capacity = memory.keys.shape[1] - sinks
  return positions.map((position, b) => ({
    count: lengths[b],
    slot: position % capacity,
    kept: Math.min(capacity, Math.max(0, position - Math.max(starts[b], sinks))),
    firstSink: Math.min(starts[b], sinks),
    endSink: Math.min(position, sinks),
    newSinks: Math.min(lengths[b], Math.max(0, sinks - position)),
    position,
  }))
}
