/**
 * One call, as the caller lays it out in memory: 32-bit pointers and counts, then doubles. A pointer is 0 where the
 * term is absent. `problem.ts` of the kernel names the same fields in the same order.
 */
@unmanaged
export class Problem {
  queries: usize
  keys: usize
  values: usize
  /** Sinks, then the ring; the new keys and values are written to them. */
  pastKeys: usize
  pastValues: usize
  slopes: usize
  bias: usize
  distanceTable: usize
  sinkLogits: usize
  /** Written, `[batch, length, heads, headDim]`. */
  output: usize
  /** One {@link Place} a sequence. */
  places: usize
  batchSize: i32
  length: i32
  heads: i32
  kvHeads: i32
  headDim: i32
  /** Rows of the past before the ring. */
  sinks: i32
  /** Rows of the ring. */
  capacity: i32
  tableLength: i32
  /** 1 = softmax, 0 = sigmoid. */
  softmax: i32
  /** Factor of the inner products. */
  scale: f64
  /** Keys a query sees, itself included; infinity = every earlier key. */
  window: f64
}

/** Where a sequence stands: `SequencePlace` of the contract. */
@unmanaged
export class Place {
  count: i32
  slot: i32
  kept: i32
  firstSink: i32
  endSink: i32
  newSinks: i32
  position: f64
}

/** Bytes of a {@link Place}. */
export const PLACE: usize = 32
