import { SwatError } from '@swat-js/tensor-core'
import type { AttentionBand } from './attention-band.js'
import { receivedAttention, type ReceivedAttentionOptions } from './received-attention.js'
import { normalised, rowOf } from './row-of.js'

/** How sinks are counted. */
export interface SinkScoreOptions extends ReceivedAttentionOptions {
  /** From which attention on a key is a sink; default 0.3. */
  epsilon?: number
}

/** Which keys are attention sinks, as shares of all heads of all layers of all sequences. */
export interface SinkScore {
  /** From which attention on a key is one. */
  epsilon: number
  /** For each place k of a sequence, the share of heads whose attention on it, `α_k`, exceeds epsilon. */
  keys: Float64Array
  /** The same for the first key that each query still has in its window, wherever that is. */
  firstInWindow: number
  /** Mean of `α_1`, attention on the first token. */
  meanFirstKey: number
  /** Mean attention on the first key in the window. */
  meanFirstInWindow: number
}

/**
 * The attention-sink score `Sink_k^ε` (spec 8.1): the share over sequences, layers and heads of `α_k > ε`, where `α_k`
 * is the mean weight on key k of the queries from k on. With a window the first token is soon out of sight; what takes
 * its place, if anything, is the first key still in the window. Without a window both are the same.
 *
 * @param bands - a layer of a sequence each, all of one length
 * @param options - see {@link SinkScoreOptions}
 * @returns see {@link SinkScore}
 * @throws SwatError `diagnostics` when there is no band or lengths differ
 */
export function sinkScore(bands: readonly AttentionBand[], options: SinkScoreOptions = {}): SinkScore {
  const { epsilon = 0.3, normaliseRows = false } = options
  const length = bands[0]?.queries ?? 0
  if (length === 0 || bands.some(({ queries }) => queries !== length)) {
    const lengths = [...new Set(bands.map(({ queries }) => queries))].join(', ') || 'none'
    throw new SwatError('diagnostics', `sinkScore: bands must be of one length, but there are: ${lengths}.`)
  }
  const received = bands.flatMap((band) => receivedAttention(band, options)) // of each head: [length]
  const first = bands.flatMap((band) => attentionOnFirstInWindow(band, normaliseRows))
  const share = (values: readonly number[]) => values.filter((value) => value > epsilon).length / values.length
  return {
    epsilon,
    keys: Float64Array.from({ length }, (_, key) => share(received.map((alpha) => alpha[key]))),
    firstInWindow: share(first),
    meanFirstKey: mean(received.map((alpha) => alpha[0])),
    meanFirstInWindow: mean(first),
  }
}

function attentionOnFirstInWindow(band: AttentionBand, normaliseRows: boolean): number[] {
  const { queries, heads, columns, sinks } = band
  return Array.from({ length: heads }, (_, head) => {
    let total = 0
    for (let query = 0; query < queries; query++) {
      const row = rowOf(band, head, query)
      const beside = band.positions.subarray(query * columns, query * columns + sinks).filter((place) => place >= 0)
      total += (normaliseRows ? normalised(row) : row).weights[beside.length]
    }
    return total / queries
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
