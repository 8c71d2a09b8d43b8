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
  /** Terms that are given as tensors and trained; head h has slope ±largestSlope · 2^−h, signs alternating. */
  terms: readonly AttentionTerm[]
  /** Entries of the distance table, where it takes part. */
  tableLength: number
  /** Keys before this absolute position stay visible. */
  sinks: number
  /** Absolute position of the first query, one for all sequences or one a sequence. */
  queryOffset: number | readonly number[]
  /** Absolute position of the first key, one for all sequences or one a sequence. */
  keyOffset: number | readonly number[]
  /**
   * Lengths of the documents that lie one behind the other from position 0 on, padding after the last; null = no
   * segment ids. Sequence b starts with document b of the list. Three ids take turns, so that documents that are apart
   * may share one.
   */
  documents: readonly number[] | null
  /** Steepest slope; default 1/2. */
  largestSlope?: number
  /** Factor of the random output gradient; default 1. A mean loss over many tokens makes it tiny. */
  gradientScale?: number
  /** Nearly half a GFLOP: seconds on a GPU that is emulated, which may leave the case out. */
  heavy?: boolean
}

/**
 * The segment id of a token of a case with documents.
 *
 * @param documents - lengths of the documents
 * @param sequence - which sequence of the batch
 * @param position - absolute position of the token
 * @returns 0, 1 or 2 in a document, −1 in the padding
 */
export function segmentAt(documents: readonly number[], sequence: number, position: number): number {
  let end = 0
  for (let i = 0; i < documents.length; i++) {
    end += documents[(i + sequence) % documents.length]
    if (position < end) return i % 3
  }
  return -1
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
  documents: null,
} as const

/** A case from what differs from a small plain one; `length` sets queries and keys. */
function attentionCase(
  name: string,
  { length = 65, ...given }: Partial<SwatAttentionCase> & { length?: number },
): SwatAttentionCase {
  return { name, queries: length, keys: length, ...plain, ...given }
}

const lengths = [1, 2, 63, 64, 65, 200]
const windows = (length: number) => [...new Set([1, 16, 128, length, length + 7, null])]
const activations = ['sigmoid', 'softmax'] as const

/**
 * Calls that every kernel must get right: edges of tiles and windows, grouped heads, offsets, sinks, segments, every
 * term.
 */
export const swatAttentionCases: readonly SwatAttentionCase[] = [
  ...lengths.flatMap((length) =>
    windows(length).map((window) => attentionCase(`length ${length}, window ${window}`, { length, window })),
  ),
  ...[1, 16, 128, 1000, 1007].map((window) =>
    attentionCase(`length 1000, window ${window}`, { length: 1000, window, headDim: 4 }),
  ),
  ...[1, 5, 8, 13, 64, 80, 128, 250, 256].map((headDim) =>
    attentionCase(`head size ${headDim}`, { headDim, length: 70 }),
  ),
  ...[5, 80, 256].map((headDim) =>
    attentionCase(`softmax, head size ${headDim}`, { activation: 'softmax', headDim, length: 70 }),
  ),
  ...[1, 2, 3, 6].map((kvHeads) =>
    attentionCase(`6 heads on ${kvHeads}`, { batchSize: 2, heads: 6, kvHeads, headDim: 4 }),
  ),
  attentionCase('no terms', { terms: [] }),
  attentionCase('output gradient of zeros', { gradientScale: 0, length: 80 }),
  attentionCase('tiny output gradient', { gradientScale: 1e-8, length: 80 }),
  attentionCase('huge output gradient', { gradientScale: 1e8, length: 80 }),
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
  ...activations.flatMap((activation) => [
    attentionCase(`${activation}, sequences at different positions`, {
      activation,
      batchSize: 3,
      heads: 4,
      queries: 70,
      keys: 90,
      queryOffset: [20, 0, 500],
      keyOffset: [0, 7, 430],
      terms: ['slopes', 'bias', 'distanceTable'],
    }),
    attentionCase(`${activation}, decode at different positions`, {
      activation,
      batchSize: 2,
      queries: 1,
      keys: 16,
      queryOffset: [3, 1_000_000],
      keyOffset: [0, 999_985],
    }),
    attentionCase(`${activation}, documents that end off the tiles`, {
      activation,
      length: 200,
      batchSize: 2,
      heads: 4,
      kvHeads: 2,
      documents: [37, 66, 1, 90, 6],
      terms: ['slopes', 'bias', 'distanceTable'],
    }),
    attentionCase(`${activation}, documents that end on the tiles`, {
      activation,
      length: 192,
      window: 100,
      documents: [64, 64, 64],
    }),
    attentionCase(`${activation}, documents with one id apart`, {
      activation,
      length: 150,
      window: null,
      documents: [20, 30, 10, 25, 40, 25],
    }),
    attentionCase(`${activation}, padding as a segment`, {
      activation,
      length: 130,
      batchSize: 2,
      window: 40,
      documents: [50, 20],
    }),
    attentionCase(`${activation}, documents and sinks`, {
      activation,
      length: 140,
      batchSize: 2,
      sinks: 12,
      documents: [8, 60, 30, 42],
      terms: ['slopes', 'bias'],
    }),
    attentionCase(`${activation}, chunk within documents, sequences at different positions`, {
      activation,
      batchSize: 2,
      queries: 70,
      keys: 100,
      queryOffset: [100, 30],
      keyOffset: [70, 0],
      sinks: 90,
      documents: [33, 80, 57],
    }),
    attentionCase(`${activation}, keys of other documents only`, {
      activation,
      queries: 20,
      keys: 20,
      queryOffset: 20,
      window: null,
      documents: [20, 10, 10],
    }),
  ]),
  attentionCase('softmax with sink logits and documents', {
    activation: 'softmax',
    length: 100,
    batchSize: 2,
    heads: 4,
    kvHeads: 2,
    sinks: 4,
    documents: [30, 45, 10],
    terms: ['slopes', 'bias', 'distanceTable', 'sinkLogits'],
  }),
  attentionCase('a layer: 1000 tokens in documents, 4 heads of 64 on 2', {
    length: 1000,
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    window: 128,
    documents: [300, 517, 183],
    heavy: true,
  }),
]
