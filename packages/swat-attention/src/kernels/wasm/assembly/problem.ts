/**
 * One call, as the caller lays it out in memory: 32-bit pointers and counts, then doubles. A pointer is 0 where the
 * term is absent or its gradient is not wanted. `problem.ts` of the kernel names the same fields in the same order.
 */
@unmanaged
export class Problem {
  queries: usize
  keys: usize
  values: usize
  slopes: usize
  bias: usize
  distanceTable: usize
  sinkLogits: usize
  /** Written by the forward pass, `[batch, queries, heads, headDim]`. */
  output: usize
  outputGradient: usize
  /** Gradients, written by the backward pass; those of keys, values and terms must hold zeros. */
  dQueries: usize
  dKeys: usize
  dValues: usize
  /** Of each sequence, one after the other. */
  dSlopes: usize
  dBias: usize
  dDistanceTable: usize
  dSinkLogits: usize
  /** int32, `[batch, queries]` and `[batch, keys]`: only pairs with equal ids are visible. Both or neither. */
  querySegments: usize
  keySegments: usize
  /** Two doubles a sequence: distance between query 0 and key 0, and number of keys that stay visible. */
  sequences: usize
  batchSize: i32
  queryCount: i32
  keyCount: i32
  heads: i32
  kvHeads: i32
  headDim: i32
  tableLength: i32
  /** Keys below this index stay visible, in the sequence at hand. */
  sinkKeys: i32
  /** 1 = softmax, 0 = sigmoid. */
  softmax: i32
  /** Factor of the inner products. */
  scale: f64
  /** Distance between query 0 and key 0, in the sequence at hand. */
  distance: f64
  /** Keys a query sees, itself included; infinity = every earlier key. */
  window: f64
}
