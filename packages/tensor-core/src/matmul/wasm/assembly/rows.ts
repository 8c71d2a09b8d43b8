import { Lanes } from '../../../engines/wasm/assembly/lanes'

/**
 * c = a · bᵀ without packing, for few rows: `a` is `[rows, depth]`, `b` `[columns, depth]`, and rows of `c` lie `width` elements apart. Four rows of `b` meet all of
 * `a` while they are in the cache.
 */
export function innerProducts(a: usize, b: usize, c: usize, rows: i32, columns: i32, depth: i32, width: i32): void {
  const step = (<usize>depth) << 2
  const cStep = (<usize>width) << 2
  let column = 0
  for (; column + 4 <= columns; column += 4) {
    const from = b + <usize>column * step
    for (let row = 0; row < rows; row++) {
      fourProducts(a + <usize>row * step, from, step, depth, c + <usize>row * cStep + ((<usize>column) << 2))
    }
  }
  for (; column < columns; column++) {
    const from = b + <usize>column * step
    for (let row = 0; row < rows; row++) {
      store<f32>(c + <usize>row * cStep + ((<usize>column) << 2), product(a + <usize>row * step, from, depth))
    }
  }
}

function fourProducts(a: usize, b: usize, step: usize, depth: i32, c: usize): void {
  const b1 = b + step
  const b2 = b1 + step
  const b3 = b2 + step
  const whole = (<usize>(depth & ~3)) << 2
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  let at: usize = 0
  for (; at < whole; at += 16) {
    const x = v128.load(a + at)
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(b + at)))
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(b1 + at)))
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(b2 + at)))
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(b3 + at)))
  }
  let t0 = Lanes.sum(s0)
  let t1 = Lanes.sum(s1)
  let t2 = Lanes.sum(s2)
  let t3 = Lanes.sum(s3)
  for (; at < step; at += 4) {
    const x = load<f32>(a + at)
    t0 += x * load<f32>(b + at)
    t1 += x * load<f32>(b1 + at)
    t2 += x * load<f32>(b2 + at)
    t3 += x * load<f32>(b3 + at)
  }
  store<f32>(c, t0)
  store<f32>(c, t1, 4)
  store<f32>(c, t2, 8)
  store<f32>(c, t3, 12)
}

function product(a: usize, b: usize, depth: i32): f32 {
  const whole = (<usize>(depth & ~3)) << 2
  const end = (<usize>depth) << 2
  let sums = f32x4.splat(0)
  let at: usize = 0
  for (; at < whole; at += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(a + at), v128.load(b + at)))
  let total = Lanes.sum(sums)
  for (; at < end; at += 4) total += load<f32>(a + at) * load<f32>(b + at)
  return total
}

/** Columns whose sums stay in the first cache while all rows of `b` pass. */
const STRIP: i32 = 1024

/** c = a · b without packing, for few rows: `a` is `[rows, depth]`, `b` `[depth, columns]`; rows of `b` and `c` lie `width` elements apart. */
export function weightedSums(a: usize, b: usize, c: usize, rows: i32, columns: i32, depth: i32, width: i32): void {
  const step = (<usize>width) << 2
  for (let row = 0; row < rows; row++) memory.fill(c + <usize>row * step, 0, (<usize>columns) << 2)
  for (let start = 0; start < columns; start += STRIP) {
    const count = min(STRIP, columns - start)
    const offset = (<usize>start) << 2
    let k = 0
    for (; k + 4 <= depth; k += 4) {
      for (let row = 0; row < rows; row++) {
        const weights = a + ((<usize>(row * depth + k)) << 2)
        addFour(c + <usize>row * step + offset, weights, b + <usize>k * step + offset, step, count)
      }
    }
    for (; k < depth; k++) {
      for (let row = 0; row < rows; row++) {
        const weight = load<f32>(a + ((<usize>(row * depth + k)) << 2))
        addOne(c + <usize>row * step + offset, weight, b + <usize>k * step + offset, count)
      }
    }
  }
}

function addFour(c: usize, weights: usize, b: usize, step: usize, count: i32): void {
  const b1 = b + step
  const b2 = b1 + step
  const b3 = b2 + step
  const w0 = v128.load_splat<f32>(weights)
  const w1 = v128.load_splat<f32>(weights, 4)
  const w2 = v128.load_splat<f32>(weights, 8)
  const w3 = v128.load_splat<f32>(weights, 12)
  const whole = (<usize>(count & ~3)) << 2
  const end = (<usize>count) << 2
  let at: usize = 0
  for (; at < whole; at += 16) {
    const low = f32x4.add(f32x4.mul(w0, v128.load(b + at)), f32x4.mul(w1, v128.load(b1 + at)))
    const high = f32x4.add(f32x4.mul(w2, v128.load(b2 + at)), f32x4.mul(w3, v128.load(b3 + at)))
    v128.store(c + at, f32x4.add(v128.load(c + at), f32x4.add(low, high)))
  }
  for (; at < end; at += 4) {
    const low = load<f32>(weights) * load<f32>(b + at) + load<f32>(weights, 4) * load<f32>(b1 + at)
    const high = load<f32>(weights, 8) * load<f32>(b2 + at) + load<f32>(weights, 12) * load<f32>(b3 + at)
    store<f32>(c + at, load<f32>(c + at) + (low + high))
  }
}

function addOne(c: usize, weight: f32, b: usize, count: i32): void {
  const weights = f32x4.splat(weight)
  const whole = (<usize>(count & ~3)) << 2
  const end = (<usize>count) << 2
  let at: usize = 0
  for (; at < whole; at += 16) {
    v128.store(c + at, f32x4.add(v128.load(c + at), f32x4.mul(weights, v128.load(b + at))))
  }
  for (; at < end; at += 4) store<f32>(c + at, load<f32>(c + at) + weight * load<f32>(b + at))
}
