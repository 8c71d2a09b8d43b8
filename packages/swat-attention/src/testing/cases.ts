import type { AttentionActivation, AttentionTerm } from '../op/contract.js'

/** One call of `swatAttention`, as data that can be repeated on any engine. */
export interface SwatAttentionCase {
  /** What is special about it. */
  name: string
  /** Number of sequences. */
  batchSize: number
  /** Number of queries. */
  queries: number
  /** Number of keys. */
  keys: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Terms that are given as tensors and trained; head h has slope ±2^−(h+1), signs alternating. */
  terms: readonly AttentionTerm[]
  /** Entries of the distance table, where it takes part. */
  tableLength: number
  /** Keys before this absolute position stay visible. */
  sinks: number
  /** Absolute position of the first query. */
  queryOffset: number
  /** Absolute position of the first key. */
  keyOffset: number
}

const plain = {
  batchSize: 1,
  heads: 2,
  kvHeads: 2,
  headDim: 8,
  window: 16,
  activation: 'sigmoid',
  terms: ['slopes'],
  tableLength: 8,
  sinks: 0,
  queryOffset: 0,
  keyOffset: 0,
} as const

/** A case from what differs from a small plain one; `length` sets queries and keys. */
function attentionCase(
  name: string,
  { length = 65, ...given }: Partial<SwatAttentionCase> & { length?: number },
): SwatAttentionCase {
  return { name, queries: length, keys: length, ...plain, ...given }
}

const lengths = [1, 2, 63, 64, 65, 200]
const windows = (length: number) => [...new Set([1, 16, length, length + 7, null])]

/** Calls that every kernel must get right: edges of tiles and windows, grouped heads, offsets, sinks, every term. */
export const swatAttentionCases: readonly SwatAttentionCase[] = [
  ...lengths.flatMap((length) =>
    windows(length).map((window) => attentionCase(`length ${length}, window ${window}`, { length, window })),
  ),
  ...[8, 13, 64, 80, 128].map((headDim) => attentionCase(`head size ${headDim}`, { headDim, length: 70 })),
  ...[1, 2, 3, 6].map((kvHeads) =>
    attentionCase(`6 heads on ${kvHeads}`, { batchSize: 2, heads: 6, kvHeads, headDim: 4 }),
  ),
  attentionCase('length 1000', { length: 1000, window: 128, headDim: 4 }),
  attentionCase('no terms', { terms: [] }),
  attentionCase('bias', { terms: ['bias', 'slopes'], batchSize: 2 }),
  attentionCase('distance table shorter than the window', { terms: ['distanceTable'], batchSize: 2 }),
  attentionCase('distance table longer than the window', { terms: ['distanceTable', 'bias'], tableLength: 40 }),
  attentionCase('decode: one query on its window', { queries: 1, keys: 16, queryOffset: 40, keyOffset: 25 }),
  attentionCase('chunk: queries on past and own keys', { queries: 70, keys: 85, queryOffset: 115, keyOffset: 100 }),
  attentionCase('queries before the first key', { length: 80, keyOffset: 70 }),
  attentionCase('queries past every window', { length: 80, queryOffset: 70 }),
  attentionCase('sigmoid with sinks', { length: 140, sinks: 3 }),
  attentionCase('far positions', { length: 20, queryOffset: 2 ** 31, keyOffset: 2 ** 31 }),
  ...windows(130).map((window) =>
    attentionCase(`softmax, length 130, window ${window}`, { activation: 'softmax', length: 130, window }),
  ),
  attentionCase('softmax, grouped heads', { activation: 'softmax', batchSize: 2, heads: 4, kvHeads: 2 }),
  attentionCase('softmax with sinks', { activation: 'softmax', length: 140, sinks: 20 }),
  attentionCase('softmax with a sink longer than a tile', { activation: 'softmax', length: 200, sinks: 70, window: 5 }),
  attentionCase('softmax with sink logits', { activation: 'softmax', heads: 4, terms: ['sinkLogits', 'slopes'] }),
  attentionCase('softmax, every term and sinks', {
    activation: 'softmax',
    length: 100,
    batchSize: 2,
    heads: 4,
    sinks: 4,
    terms: ['slopes', 'bias', 'distanceTable', 'sinkLogits'],
  }),
  attentionCase('softmax, queries before the first key', { activation: 'softmax', length: 80, keyOffset: 70 }),
  attentionCase('softmax, queries past every window', {
    activation: 'softmax',
    length: 80,
    queryOffset: 70,
    terms: ['bias'],
  }),
]
