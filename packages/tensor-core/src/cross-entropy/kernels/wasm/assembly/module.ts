import { Lanes } from '../../../../engines/wasm/assembly/lanes'

/** Elements whose exponentials are added up in single precision, before they join the sum in double precision. */
const GROUP: i32 = 512

/** For each row that is scored two doubles: largest logit − logit of the label, and Σ e^(logit − largest). */
export function forward(logits: usize, labels: usize, rowWeights: usize, out: usize, rows: i32, vocabSize: i32): void {
  const step = (<usize>vocabSize) << 2
  for (let row = 0; row < rows; row++) {
    const at = (<usize>row) << 2
    if (load<f32>(rowWeights + at) !== 0) {
      const largest = largestOf(logits, vocabSize)
      const ofLabel = load<f32>(logits + ((<usize>load<i32>(labels + at)) << 2))
      store<f64>(out, <f64>largest - <f64>ofLabel)
      store<f64>(out, exponentials(logits, largest, vocabSize, 0), 8)
    }
    logits += step
    out += 16
  }
}

/** dLogits = factor · rowWeight · (softmax(logits) − 1 at the label); 0 in a row that is not scored. */
export function backward(
  logits: usize,
  labels: usize,
  rowWeights: usize,
  dLogits: usize,
  rows: i32,
  vocabSize: i32,
  factor: f32,
): void {
  const step = (<usize>vocabSize) << 2
  for (let row = 0; row < rows; row++) {
    const at = (<usize>row) << 2
    const weight = load<f32>(rowWeights + at)
    if (weight === 0) {
      memory.fill(dLogits, 0, step)
    } else {
      const sum = exponentials(logits, largestOf(logits, vocabSize), vocabSize, dLogits)
      const scale = weight * factor
      const label = dLogits + ((<usize>load<i32>(labels + at)) << 2)
      const ofLabel = <f32>(<f64>scale * (<f64>load<f32>(label) / sum - 1))
      multiply(dLogits, <f32>(<f64>scale / sum), vocabSize)
      store<f32>(label, ofLabel)
    }
    logits += step
    dLogits += step
  }
}

function largestOf(values: usize, count: i32): f32 {
  const whole = (<usize>(count & ~3)) << 2
  const end = (<usize>count) << 2
  let largest = v128.load_splat<f32>(values)
  let at: usize = 0
  for (; at < whole; at += 16) largest = f32x4.max(largest, v128.load(values + at))
  for (; at < end; at += 4) largest = f32x4.max(largest, v128.load_splat<f32>(values + at))
  return Lanes.max(largest)
}

/** Σ e^(value − largest); with an address in `out` each of them is written there. */
function exponentials(values: usize, largest: f32, count: i32, out: usize): f64 {
  const highest = f32x4.splat(largest)
  let total: f64 = 0
  for (let start = 0; start < count; start += GROUP) {
    const size = min(GROUP, count - start)
    const from = values + ((<usize>start) << 2)
    const to = out ? out + ((<usize>start) << 2) : 0
    const whole = (<usize>(size & ~3)) << 2
    const end = (<usize>size) << 2
    let sum = f32x4.splat(0)
    let at: usize = 0
    for (; at < whole; at += 16) {
      const e = Lanes.exponential(f32x4.sub(v128.load(from + at), highest))
      if (to) v128.store(to + at, e)
      sum = f32x4.add(sum, e)
    }
    total += <f64>Lanes.sum(sum)
    for (; at < end; at += 4) {
      const e = f32x4.extract_lane(Lanes.exponential(f32x4.sub(v128.load_splat<f32>(from + at), highest)), 0)
      if (to) store<f32>(to + at, e)
      total += <f64>e
    }
  }
  return total
}

function multiply(values: usize, factor: f32, count: i32): void {
  const factors = f32x4.splat(factor)
  const whole = (<usize>(count & ~3)) << 2
  const end = (<usize>count) << 2
  let at: usize = 0
  for (; at < whole; at += 16) v128.store(values + at, f32x4.mul(v128.load(values + at), factors))
  for (; at < end; at += 4) store<f32>(values + at, load<f32>(values + at) * factor)
}
