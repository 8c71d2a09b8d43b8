import { ROW } from './scratch'

/** Rows of a tile come in whole micro-tiles of 8. */
function paddedRows(count: i32): i32 {
  return (count + 7) & ~7
}

/**
 * Copies `count` vectors that lie `fromStep` bytes apart, times a factor, to rows of `toStep` bytes. The rest is zeros:
 * what lies there is multiplied but never used, and must not be slow numbers.
 */
export function packRows(
  from: usize,
  fromStep: usize,
  count: i32,
  headDim: i32,
  to: usize,
  toStep: usize,
  factor: f32,
): void {
  const factors = f32x4.splat(factor)
  const whole = (<usize>(headDim & ~3)) << 2
  const bytes = (<usize>headDim) << 2
  for (let i = 0; i < count; i++) {
    let at: usize = 0
    for (; at < whole; at += 16) v128.store(to + at, f32x4.mul(factors, v128.load(from + at)))
    for (; at < bytes; at += 4) store<f32>(to + at, factor * load<f32>(from + at))
    for (; at < toStep; at += 4) store<f32>(to + at, 0)
    from += fromStep
    to += toStep
  }
  memory.fill(to, 0, <usize>(paddedRows(count) - count) * toStep)
}

/** Packed rows to `[columns, TILE]`, four by four. */
export function transpose(from: usize, step: usize, count: i32, to: usize): void {
  for (let i = 0; i < paddedRows(count); i += 4) {
    const r0 = from + <usize>i * step
    const r1 = r0 + step
    const r2 = r1 + step
    const r3 = r2 + step
    let target = to + ((<usize>i) << 2)
    for (let at: usize = 0; at < step; at += 16) {
      const a = v128.load(r0 + at)
      const b = v128.load(r1 + at)
      const c = v128.load(r2 + at)
      const d = v128.load(r3 + at)
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
      const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
      v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5))
      v128.store(target + ROW, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7))
      v128.store(target + 2 * ROW, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5))
      v128.store(target + 3 * ROW, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7))
      target += 4 * ROW
    }
  }
}

/** Adds packed rows to vectors that lie `toStep` bytes apart. */
export function addRows(from: usize, fromStep: usize, count: i32, headDim: i32, to: usize, toStep: usize): void {
  const whole = (<usize>(headDim & ~3)) << 2
  const bytes = (<usize>headDim) << 2
  for (let i = 0; i < count; i++) {
    let at: usize = 0
    for (; at < whole; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)))
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at))
    from += fromStep
    to += toStep
  }
}

/** Writes a packed row, times a factor, to a vector. */
export function unpackRow(from: usize, headDim: i32, to: usize, factor: f32): void {
  const factors = f32x4.splat(factor)
  const whole = (<usize>(headDim & ~3)) << 2
  const bytes = (<usize>headDim) << 2
  let at: usize = 0
  for (; at < whole; at += 16) v128.store(to + at, f32x4.mul(factors, v128.load(from + at)))
  for (; at < bytes; at += 4) store<f32>(to + at, factor * load<f32>(from + at))
}

/** Multiplies a packed row in place. */
export function scaleRow(row: usize, step: usize, factor: f32): void {
  const factors = f32x4.splat(factor)
  for (let at: usize = 0; at < step; at += 16) v128.store(row + at, f32x4.mul(factors, v128.load(row + at)))
}
