import type { CachedAttentionInputs, SequencePlace } from '../../contract.js'

/** Consecutive new tokens, and where the sequences stand before them. */
export interface Block {
  /** The first token. */
  start: number
  /** How many tokens, padding included. */
  length: number
  /** Where each sequence stands. */
  places: readonly SequencePlace[]
}

/** Tokens a block, as many as a tile of `swatAttention`'s composite. */
const blockLength = 64

/** Cuts a chunk into blocks; each finds in the past what the blocks before it have written. */
export function blocksOf(inputs: CachedAttentionInputs): Block[] {
  const total = inputs.queries.shape[1]
  return Array.from({ length: Math.ceil(total / blockLength) }, (_, i) => {
    const start = i * blockLength
    const length = Math.min(blockLength, total - start)
    return { start, length, places: inputs.places.map((place) => placeAt(place, start, length, inputs)) }
  })
}

/** Where a sequence stands when `start` tokens of the chunk have been written and `length` come. */
function placeAt(place: SequencePlace, start: number, length: number, inputs: CachedAttentionInputs): SequencePlace {
  const { capacity, sinks } = inputs
  const written = Math.min(start, place.count)
  const position = place.position + written
  const count = Math.min(length, place.count - written)
  return {
    count,
    slot: (place.slot + written) % capacity,
    kept: Math.min(capacity, place.kept + Math.max(0, written - place.newSinks)),
    firstSink: place.firstSink,
    endSink: Math.min(position, sinks),
    newSinks: Math.min(count, Math.max(0, place.newSinks - written)),
    position,
  }
}
