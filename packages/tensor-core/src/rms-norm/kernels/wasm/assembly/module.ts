import { Lanes } from '../../../../engines/wasm/assembly/lanes'

/** Rows whose share of the weight's gradient is added up before it joins the rest, so that rounding stays small. */
const GROUP: i32 = 32

/** y = x · weight / √(mean(x²) + epsilon), row by row. */
export function forward(x: usize, weight: usize, y: usize, rows: i32, size: i32, epsilon: f64): void {
  const step = (<usize>size) << 2
  const whole = (<usize>(size & ~3)) << 2
  for (let row = 0; row < rows; row++) {
    const scale = inverseRms(x, size, epsilon)
    const scales = f32x4.splat(scale)
    let at: usize = 0
    for (; at < whole; at += 16) {
      v128.store(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), scales), v128.load(weight + at)))
    }
    for (; at < step; at += 4) store<f32>(y + at, load<f32>(x + at) * scale * load<f32>(weight + at))
    x += step
    y += step
  }
}

/**
 * dx = scale · (dy · weight − x · scale² · mean(dy · weight · x)), and Σ dy · x · scale of each group of rows.
 *
 * @param groups - `[⌈rows / GROUP⌉, size]`, holds zeros
 */
export function backward(
  x: usize,
  weight: usize,
  dy: usize,
  dx: usize,
  groups: usize,
  rows: i32,
  size: i32,
  epsilon: f64,
): void {
  const step = (<usize>size) << 2
  for (let row = 0; row < rows; row++) {
    const scale = inverseRms(x, size, epsilon)
    const projection = <f64>tripleProduct(x, weight, dy, size)
    const share = <f32>((projection * <f64>scale * <f64>scale) / <f64>size)
    backwardRow(x, weight, dy, dx, groups, size, scale, share)
    if ((row + 1) % GROUP === 0) groups += step
    x += step
    dy += step
    dx += step
  }
}

/** Rows of a group. */
export function groupRows(): i32 {
  return GROUP
}

/** dWeight = Σ of its shares, group after group; it holds zeros. */
export function addGroups(groups: usize, count: i32, dWeight: usize, size: i32): void {
  const step = (<usize>size) << 2
  const whole = (<usize>(size & ~3)) << 2
  for (let group = 0; group < count; group++) {
    let at: usize = 0
    for (; at < whole; at += 16) v128.store(dWeight + at, f32x4.add(v128.load(dWeight + at), v128.load(groups + at)))
    for (; at < step; at += 4) store<f32>(dWeight + at, load<f32>(dWeight + at) + load<f32>(groups + at))
    groups += step
  }
}

function inverseRms(x: usize, size: i32, epsilon: f64): f32 {
  const step = (<usize>size) << 2
  const whole = (<usize>(size & ~3)) << 2
  let sums = f32x4.splat(0)
  let at: usize = 0
  for (; at < whole; at += 16) {
    const values = v128.load(x + at)
    sums = f32x4.add(sums, f32x4.mul(values, values))
  }
  let sum = Lanes.sum(sums)
  for (; at < step; at += 4) sum += load<f32>(x + at) * load<f32>(x + at)
  return <f32>(1 / sqrt<f64>(<f64>sum / <f64>size + epsilon))
}

/** Σ x · weight · dy */
function tripleProduct(x: usize, weight: usize, dy: usize, size: i32): f32 {
  const step = (<usize>size) << 2
  const whole = (<usize>(size & ~3)) << 2
  let sums = f32x4.splat(0)
  let at: usize = 0
  for (; at < whole; at += 16) {
    const weighted = f32x4.mul(v128.load(dy + at), v128.load(weight + at))
    sums = f32x4.add(sums, f32x4.mul(weighted, v128.load(x + at)))
  }
  let sum = Lanes.sum(sums)
  for (; at < step; at += 4) sum += load<f32>(dy + at) * load<f32>(weight + at) * load<f32>(x + at)
  return sum
}

function backwardRow(
  x: usize,
  weight: usize,
  dy: usize,
  dx: usize,
  group: usize,
  size: i32,
  scale: f32,
  share: f32,
): void {
  const step = (<usize>size) << 2
  const whole = (<usize>(size & ~3)) << 2
  const scales = f32x4.splat(scale)
  const shares = f32x4.splat(share)
  let at: usize = 0
  for (; at < whole; at += 16) {
    const values = v128.load(x + at)
    const gradients = v128.load(dy + at)
    const centred = f32x4.sub(f32x4.mul(gradients, v128.load(weight + at)), f32x4.mul(values, shares))
    v128.store(dx + at, f32x4.mul(scales, centred))
    const ofWeight = f32x4.mul(gradients, f32x4.mul(values, scales))
    v128.store(group + at, f32x4.add(v128.load(group + at), ofWeight))
  }
  for (; at < step; at += 4) {
    const value = load<f32>(x + at)
    const gradient = load<f32>(dy + at)
    store<f32>(dx + at, scale * (gradient * load<f32>(weight + at) - value * share))
    store<f32>(group + at, load<f32>(group + at) + gradient * (value * scale))
  }
}
