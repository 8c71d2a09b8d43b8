import type { AttentionActivation, AttentionTerm } from '../../op/contract.js'

/** A stream through `cachedAttention`, as data that can be repeated on any engine. */
export interface CachedAttentionCase {
  /** What is special about it. */
  name: string
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
  /** Terms that are given as tensors; head h has slope ±2^−(h+1), signs alternating. */
  terms: readonly AttentionTerm[]
  /** Entries of the distance table, where it takes part. */
  tableLength: number
  /** Keys before this absolute position stay visible. */
  sinks: number
  /** For each sequence the absolute position of its first token. */
  starts: readonly number[]
  /** The steps in order: tokens of each sequence, the same for all or one number each (the rest is padding). */
  chunks: readonly (number | readonly number[])[]
}

const plain = {
  heads: 2,
  kvHeads: 2,
  headDim: 8,
  window: 16,
  activation: 'sigmoid',
  terms: ['slopes'],
  tableLength: 8,
  sinks: 0,
  starts: [0],
  chunks: [40, 1, 1],
} as const

function cachedCase(name: string, given: Partial<CachedAttentionCase>): CachedAttentionCase {
  return { name, ...plain, ...given }
}

const times = (count: number, chunk: number) => new Array<number>(count).fill(chunk)
const everyTerm = ['slopes', 'bias', 'distanceTable', 'sinkLogits'] as const

/** Streams that every kernel must get right: chunk and window sizes, positions, grouped heads, every term. */
export const cachedAttentionCases: readonly CachedAttentionCase[] = [
  ...[1, 2, 63, 64, 65, 200].flatMap((chunk) =>
    [1, 16, 128, null].map((window) =>
      cachedCase(`chunks of ${chunk}, window ${window}`, { window, chunks: [...times(chunk > 9 ? 2 : 20, chunk), 1] }),
    ),
  ),
  cachedCase('one token after the other, three times around the ring', { window: 5, chunks: times(17, 1) }),
  cachedCase('chunks of every size', { window: 7, chunks: [3, 1, 12, 6, 7, 2, 1, 5, 30, 1] }),
  cachedCase('a window of 300 keys', { window: 300, headDim: 4, chunks: [290, 1, 1, 20, 1] }),
  ...[8, 13, 64, 80, 128, 256].map((headDim) =>
    cachedCase(`head size ${headDim}`, { headDim, window: 20, chunks: [30, 1, 3, 1] }),
  ),
  ...[1, 2, 3, 6].map((kvHeads) =>
    cachedCase(`6 heads on ${kvHeads}`, { heads: 6, kvHeads, headDim: 12, starts: [0, 0], chunks: [9, 1, 20, 1] }),
  ),
  cachedCase('sequences at different positions', { starts: [0, 3, 1000, 14], chunks: [1, 5, 1, 20, 1] }),
  cachedCase('sequences of different lengths', {
    starts: [0, 0, 7],
    chunks: [[5, 21, 1], 1, [0, 3, 70], [1, 0, 1], 1, [17, 16, 15], 1],
  }),
  cachedCase('sequences of different lengths without a window', {
    window: null,
    starts: [0, 40, 7],
    chunks: [[5, 50, 1], 1, [0, 3, 70], [40, 0, 1], 1],
  }),
  ...[2 ** 24 - 3, 2 ** 31 - 5, 2 ** 32 - 2, 2 ** 45 + 1].map((start) =>
    cachedCase(`far positions, from ${start}`, { starts: [start, start + 9], chunks: [...times(8, 1), 20, 1] }),
  ),
  cachedCase('no terms', { terms: [] }),
  cachedCase('bias and distance table', { terms: ['bias', 'distanceTable'], starts: [0, 5] }),
  cachedCase('distance table longer than the window', { terms: ['distanceTable'], tableLength: 40 }),
  cachedCase('softmax', { activation: 'softmax', starts: [0, 2], chunks: [5, 1, 30, 1, 1] }),
  cachedCase('softmax, every term', { activation: 'softmax', terms: everyTerm, heads: 4, chunks: [5, 1, 30, 1, 1] }),
  cachedCase('softmax, every term, without a window', {
    activation: 'softmax',
    terms: everyTerm,
    window: null,
    chunks: [5, 1, 90, 1, 1],
  }),
  cachedCase('softmax with padding', {
    activation: 'softmax',
    terms: ['sinkLogits'],
    starts: [0, 0],
    chunks: [[3, 9], [0, 1], 1],
  }),
  cachedCase('sinks', { sinks: 4, starts: [0, 2, 50], chunks: [3, 2, 30, 1, 1, 70, 1], terms: ['slopes', 'bias'] }),
  cachedCase('sinks, softmax, every term', {
    activation: 'softmax',
    terms: everyTerm,
    sinks: 6,
    window: 4,
    chunks: [1, 1, 1, 9, 1, 1, 1, 70, 1],
  }),
  cachedCase('more sinks than the window, read one by one', { sinks: 20, window: 3, chunks: times(30, 1) }),
]
