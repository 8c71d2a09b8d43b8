/** Queries and keys a tile. */
export const TILE: i32 = 64
/** Bytes of one row of a `[…, TILE]` matrix. */
export const ROW: usize = 256

const RANGE: usize = ROW
/** Bytes of the term. */
export const TERM: usize = 4 * (2 * 64 + 16)

/** Columns of a row-major matrix of vectors: the head size, padded with zeros to whole micro-tiles. */
export function paddedColumns(headDim: i32): i32 {
  return (headDim + 7) & ~7
}

/** Working memory of one tile of queries against one tile of keys. */
@unmanaged
export class Scratch {
  /** Local index of the first key a row sees, and of the one past its last; both never fall from row to row. */
  starts: usize
  ends: usize
  /** The same for keys: the rows that see them. */
  firstRows: usize
  lastRows: usize
  /** What is added to a logit, by key − query + TILE − 1, and the gradient of that. */
  term: usize
  dTerm: usize
  /** Softmax: largest logit, sum of exponentials, and weighted mean of dWeights, a row. */
  largest: usize
  sum: usize
  expected: usize
  /** `[TILE, TILE]`: logits, then weights. */
  weights: usize
  /** `[TILE, TILE]`: gradient of the weights, then of the logits. */
  dLogits: usize
  /** Vectors of the tile, one after the other, and `[headDim, TILE]`. */
  queries: usize
  queriesT: usize
  keys: usize
  keysT: usize
  values: usize
  valuesT: usize
  gradient: usize
  gradientT: usize
  /** Sums: the output or the gradient of the queries, and the gradient of the keys or of the values. */
  output: usize
  dKeys: usize
}

/** Bytes that both passes need for a head size, the records of the tile and of the problem in front included. */
export function scratchBytes(headDim: i32): i32 {
  return 64 + 192 + 128 + <i32>(7 * RANGE + 2 * TERM) + 2 * TILE * <i32>ROW + 10 * TILE * 4 * paddedColumns(headDim)
}

/** Lays the matrices out behind the record of their pointers. */
export function layOut(memory: usize, headDim: i32): Scratch {
  const scratch = changetype<Scratch>(memory)
  const square = <usize>TILE * ROW
  const vectors = <usize>(TILE * 4 * paddedColumns(headDim))
  scratch.starts = memory + 128
  scratch.ends = scratch.starts + RANGE
  scratch.firstRows = scratch.ends + RANGE
  scratch.lastRows = scratch.firstRows + RANGE
  scratch.largest = scratch.lastRows + RANGE
  scratch.sum = scratch.largest + RANGE
  scratch.expected = scratch.sum + RANGE
  scratch.term = scratch.expected + RANGE
  scratch.dTerm = scratch.term + TERM
  scratch.weights = scratch.dTerm + TERM
  scratch.dLogits = scratch.weights + square
  scratch.queries = scratch.dLogits + square
  scratch.queriesT = scratch.queries + vectors
  scratch.keys = scratch.queriesT + vectors
  scratch.keysT = scratch.keys + vectors
  scratch.values = scratch.keysT + vectors
  scratch.valuesT = scratch.values + vectors
  scratch.gradient = scratch.valuesT + vectors
  scratch.gradientT = scratch.gradient + vectors
  scratch.output = scratch.gradientT + vectors
  scratch.dKeys = scratch.output + vectors
  return scratch
}
