import { exponentialOf, Lanes } from '../../../../../tensor-core/src/engines/wasm/assembly/lanes'
import { ROW, Scratch, TILE } from './scratch'
import { scaleRow } from './vectors'

/** Where the term of a row's column 0 lies. */
function termOf(term: usize, row: i32): usize {
  return term + ((<usize>(TILE - 1 - row)) << 2)
}

/** Logits to σ(logit), for the keys each row sees. */
export function sigmoidWeights(scratch: Scratch, rows: i32): void {
  const one = f32x4.splat(1)
  for (let i = 0; i < rows; i++) {
    const term = termOf(scratch.term, i)
    const weights = scratch.weights + <usize>i * ROW
    const end = load<i32>(scratch.ends + ((<usize>i) << 2))
    for (let j = load<i32>(scratch.starts + ((<usize>i) << 2)) & ~3; j < end; j += 4) {
      const at = (<usize>j) << 2
      const logit = f32x4.add(v128.load(weights + at), v128.load(term + at))
      const e = Lanes.exponential(f32x4.neg(f32x4.abs(logit)))
      const r = f32x4.div(one, f32x4.add(one, e))
      v128.store(weights + at, v128.bitselect(r, f32x4.mul(e, r), f32x4.ge(logit, f32x4.splat(0))))
    }
  }
}

/** Logits and gradients of the weights to weights and gradients of the logits; σ′(x) = σ(x) σ(−x). */
export function sigmoidGradients(scratch: Scratch, rows: i32): void {
  const one = f32x4.splat(1)
  for (let i = 0; i < rows; i++) {
    const term = termOf(scratch.term, i)
    const dTerm = termOf(scratch.dTerm, i)
    const weights = scratch.weights + <usize>i * ROW
    const dLogits = scratch.dLogits + <usize>i * ROW
    const start = load<i32>(scratch.starts + ((<usize>i) << 2))
    const end = load<i32>(scratch.ends + ((<usize>i) << 2))
    for (let j = start & ~3; j < end; j += 4) {
      const at = (<usize>j) << 2
      const logit = f32x4.add(v128.load(weights + at), v128.load(term + at))
      const e = Lanes.exponential(f32x4.neg(f32x4.abs(logit)))
      const r = f32x4.div(one, f32x4.add(one, e))
      const er = f32x4.mul(e, r)
      v128.store(weights + at, v128.bitselect(r, er, f32x4.ge(logit, f32x4.splat(0))))
      const dLogit = v128.and(f32x4.mul(v128.load(dLogits + at), f32x4.mul(er, r)), Lanes.within(j, start, end))
      v128.store(dLogits + at, dLogit)
      v128.store(dTerm + at, f32x4.add(v128.load(dTerm + at), dLogit))
    }
  }
}

/** Starts the running sums of a softmax; a sink logit is one more key whose value and gradient are zero. */
export function startSoftmax(scratch: Scratch, rows: i32, sinkLogits: usize, head: i32): void {
  const sink = sinkLogits ? load<f32>(sinkLogits + ((<usize>head) << 2)) : -f32.MAX_VALUE
  const largest = max<f32>(sink, -f32.MAX_VALUE)
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 2
    store<f32>(scratch.largest + at, largest)
    store<f32>(scratch.sum + at, sinkLogits ? exponentialOf(sink - largest) : 0)
    store<f32>(scratch.expected + at, 0)
  }
}

/** Adds the term to a row's logits; the largest of them and of `largest`. */
function addTerm(weights: usize, term: usize, start: i32, end: i32, largest: f32): f32 {
  let most = f32x4.splat(largest)
  for (let j = start & ~3; j < end; j += 4) {
    const at = (<usize>j) << 2
    const logit = f32x4.add(v128.load(weights + at), v128.load(term + at))
    v128.store(weights + at, logit)
    most = f32x4.max(most, v128.bitselect(logit, most, Lanes.within(j, start, end)))
  }
  return Lanes.max(most)
}

/**
 * Logits to e^(logit − largest so far), and what came before scaled to the same largest. With `output`: the rows that
 * are summed up; without: the sum of weight · dWeight instead.
 */
export function softmaxSums(scratch: Scratch, rows: i32, output: usize, step: usize): void {
  for (let i = 0; i < rows; i++) {
    const row = (<usize>i) << 2
    const start = load<i32>(scratch.starts + row)
    const end = load<i32>(scratch.ends + row)
    if (start >= end) continue
    const weights = scratch.weights + <usize>i * ROW
    const dWeights = scratch.dLogits + <usize>i * ROW
    const before = load<f32>(scratch.largest + row)
    const largest = addTerm(weights, termOf(scratch.term, i), start, end, before)
    let sum = f32x4.splat(0)
    let expected = f32x4.splat(0)
    for (let j = start & ~3; j < end; j += 4) {
      const at = (<usize>j) << 2
      const visible = Lanes.within(j, start, end)
      const e = v128.and(Lanes.exponential(f32x4.sub(v128.load(weights + at), f32x4.splat(largest))), visible)
      sum = f32x4.add(sum, e)
      if (output) v128.store(weights + at, e)
      else expected = f32x4.add(expected, v128.and(f32x4.mul(e, v128.load(dWeights + at)), visible))
    }
    const factor: f32 = before === largest ? 1 : exponentialOf(before - largest)
    store<f32>(scratch.largest + row, largest)
    store<f32>(scratch.sum + row, load<f32>(scratch.sum + row) * factor + Lanes.sum(sum))
    store<f32>(scratch.expected + row, load<f32>(scratch.expected + row) * factor + Lanes.sum(expected))
    if (output && factor !== 1) scaleRow(output + <usize>i * step, step, factor)
  }
}

/** Turns sums of exponentials into their reciprocals, 0 where a query saw nothing, and sums into means. */
export function finishSoftmax(scratch: Scratch, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const row = (<usize>i) << 2
    const sum = load<f32>(scratch.sum + row)
    const reciprocal: f32 = sum === 0 ? 0 : 1 / sum
    store<f32>(scratch.sum + row, reciprocal)
    store<f32>(scratch.expected + row, load<f32>(scratch.expected + row) * reciprocal)
  }
}

/** Logits and gradients of the weights to weights and gradients of the logits, after {@link finishSoftmax}. */
export function softmaxGradients(scratch: Scratch, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const row = (<usize>i) << 2
    const term = termOf(scratch.term, i)
    const dTerm = termOf(scratch.dTerm, i)
    const weights = scratch.weights + <usize>i * ROW
    const dLogits = scratch.dLogits + <usize>i * ROW
    const start = load<i32>(scratch.starts + row)
    const end = load<i32>(scratch.ends + row)
    const largest = v128.load_splat<f32>(scratch.largest + row)
    const reciprocal = v128.load_splat<f32>(scratch.sum + row)
    const expected = v128.load_splat<f32>(scratch.expected + row)
    for (let j = start & ~3; j < end; j += 4) {
      const at = (<usize>j) << 2
      const logit = f32x4.add(v128.load(weights + at), v128.load(term + at))
      // a lane that is not visible may stand above the largest; it is masked
      const e = Lanes.exponential(f32x4.min(f32x4.sub(logit, largest), f32x4.splat(0)))
      const weight = f32x4.mul(e, reciprocal)
      v128.store(weights + at, weight)
      const dLogit = v128.and(
        f32x4.mul(weight, f32x4.sub(v128.load(dLogits + at), expected)),
        Lanes.within(j, start, end),
      )
      v128.store(dLogits + at, dLogit)
      v128.store(dTerm + at, f32x4.add(v128.load(dTerm + at), dLogit))
    }
  }
}
