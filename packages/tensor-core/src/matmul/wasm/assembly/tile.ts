/** Rows and columns of a tile of the product that is held in registers, and its size in bytes. */
export const ROWS: i32 = 4
export const COLUMNS: i32 = 8
export const TILE_BYTES: i32 = 4 * 4 * 8

class Sum {
  /** sum + a · b, in one instruction and with one rounding where the engine has relaxed SIMD. */
  @inline
  static withProduct(sum: v128, a: v128, b: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b))
  }
}

/**
 * Adds up one tile over `depth` ≥ 1 values of k, and writes it or adds it to what is there.
 *
 * One step and not two a round: V8 on x64 loads all operands of a round first, and those of two do not fit its registers.
 *
 * @param a - packed `[depth, ROWS]`
 * @param b - packed `[depth, COLUMNS]`
 * @param c - the tile, rows `step` bytes apart
 */
export function multiplyTile(a: usize, b: usize, c: usize, step: usize, depth: i32, add: bool): void {
  const c1 = c + step
  const c2 = c1 + step
  const c3 = c2 + step
  let s00 = add ? v128.load(c) : f32x4.splat(0)
  let s01 = add ? v128.load(c, 16) : f32x4.splat(0)
  let s10 = add ? v128.load(c1) : f32x4.splat(0)
  let s11 = add ? v128.load(c1, 16) : f32x4.splat(0)
  let s20 = add ? v128.load(c2) : f32x4.splat(0)
  let s21 = add ? v128.load(c2, 16) : f32x4.splat(0)
  let s30 = add ? v128.load(c3) : f32x4.splat(0)
  let s31 = add ? v128.load(c3, 16) : f32x4.splat(0)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const a0 = v128.load_splat<f32>(a)
    s00 = Sum.withProduct(s00, a0, b0)
    s01 = Sum.withProduct(s01, a0, b1)
    const a1 = v128.load_splat<f32>(a, 4)
    s10 = Sum.withProduct(s10, a1, b0)
    s11 = Sum.withProduct(s11, a1, b1)
    const a2 = v128.load_splat<f32>(a, 8)
    s20 = Sum.withProduct(s20, a2, b0)
    s21 = Sum.withProduct(s21, a2, b1)
    const a3 = v128.load_splat<f32>(a, 12)
    s30 = Sum.withProduct(s30, a3, b0)
    s31 = Sum.withProduct(s31, a3, b1)
    a += 16
    b += 32
  } while (--depth)
  v128.store(c, s00)
  v128.store(c, s01, 16)
  v128.store(c1, s10)
  v128.store(c1, s11, 16)
  v128.store(c2, s20)
  v128.store(c2, s21, 16)
  v128.store(c3, s30)
  v128.store(c3, s31, 16)
}

/** The same for a tile of which only `rows` · `columns` lie inside the product; the whole one is made in `scratch`. */
export function multiplyEdge(
  a: usize,
  b: usize,
  c: usize,
  step: usize,
  depth: i32,
  add: bool,
  rows: i32,
  columns: i32,
  scratch: usize,
): void {
  multiplyTile(a, b, scratch, (<usize>COLUMNS) << 2, depth, false)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = c + ((<usize>column) << 2)
      const sum = load<f32>(scratch + ((<usize>(row * COLUMNS + column)) << 2))
      store<f32>(to, add ? load<f32>(to) + sum : sum)
    }
    c += step
  }
}
