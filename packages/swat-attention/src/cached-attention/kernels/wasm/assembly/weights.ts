import { exponentialOf, Lanes } from '../../../../../../tensor-core/src/engines/wasm/assembly/lanes'
import { Problem } from './problem'

/** What softmax knows so far. */
@unmanaged
export class Running {
  largest: f32
  total: f32
}

/** Adds slope · distance + bias + table entry to `count` logits, the first at `distance`, each next one nearer. */
export function addTerms(problem: Problem, head: i32, logits: usize, count: i32, distance: f64): void {
  const at = (<usize>head) << 2
  if (problem.slopes | problem.bias) {
    const slope = problem.slopes ? v128.load_splat<f32>(problem.slopes + at) : f32x4.splat(0)
    const bias = problem.bias ? v128.load_splat<f32>(problem.bias + at) : f32x4.splat(0)
    // exact below 2²⁴; beyond, the logit itself is no more exact
    let distances = f32x4.sub(f32x4.splat(<f32>distance), f32x4(0, 1, 2, 3))
    for (let i = 0; i < count; i += 4) {
      const to = logits + ((<usize>i) << 2)
      v128.store(to, f32x4.add(v128.load(to), f32x4.add(f32x4.mul(slope, distances), bias)))
      distances = f32x4.sub(distances, f32x4.splat(4))
    }
  }
  if (!problem.distanceTable) return
  const table = problem.distanceTable + ((<usize>(head * problem.tableLength)) << 2)
  const beyond = distance - <f64>(problem.tableLength - 1)
  if (beyond >= <f64>count) return
  for (let i = <i32>max<f64>(0, beyond); i < count; i++) {
    const to = logits + ((<usize>i) << 2)
    store<f32>(to, load<f32>(to) + load<f32>(table + ((<usize>(distance - <f64>i)) << 2)))
  }
}

/** Logits to σ(logit). */
export function sigmoidWeights(logits: usize, count: i32): void {
  const one = f32x4.splat(1)
  for (let i = 0; i < count; i += 4) {
    const at = logits + ((<usize>i) << 2)
    const logit = v128.load(at)
    const e = Lanes.exponential(f32x4.neg(f32x4.abs(logit)))
    const r = f32x4.div(one, f32x4.add(one, e))
    v128.store(at, v128.bitselect(r, f32x4.mul(e, r), f32x4.ge(logit, f32x4.splat(0))))
  }
}

/** Starts a softmax; a sink logit is one more key whose value is zero. */
export function startSoftmax(running: Running, sinkLogits: usize, head: i32): void {
  running.largest = sinkLogits ? load<f32>(sinkLogits + ((<usize>head) << 2)) : -f32.MAX_VALUE
  running.total = sinkLogits ? 1 : 0
}

/** Logits to e^(logit − largest so far); returns the factor that what came before needs. */
export function softmaxWeights(running: Running, logits: usize, count: i32): f32 {
  const before = running.largest
  let largest = before
  for (let i = 0; i < count; i++) largest = max<f32>(largest, load<f32>(logits + ((<usize>i) << 2)))
  let sum = f32x4.splat(0)
  for (let i = 0; i < count; i += 4) {
    const at = logits + ((<usize>i) << 2)
    const e = Lanes.exponential(f32x4.sub(v128.load(at), f32x4.splat(largest)))
    v128.store(at, e)
    sum = f32x4.add(sum, v128.and(e, Lanes.within(i, 0, count)))
  }
  const factor: f32 = before === largest ? 1 : exponentialOf(before - largest)
  running.largest = largest
  running.total = running.total * factor + Lanes.sum(sum)
  return factor
}
