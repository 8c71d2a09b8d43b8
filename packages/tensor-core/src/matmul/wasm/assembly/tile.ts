/** Rows and columns of a tile of the product that is held in registers, and its size in bytes. */
export const ROWS: i32 = 4
export const COLUMNS: i32 = 8
export const TILE_BYTES: i32 = 4 * 4 * 8

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
    s00 = f32x4.add(s00, f32x4.mul(a0, b0))
    s01 = f32x4.add(s01, f32x4.mul(a0, b1))
    const a1 = v128.load_splat<f32>(a, 4)
    s10 = f32x4.add(s10, f32x4.mul(a1, b0))
    s11 = f32x4.add(s11, f32x4.mul(a1, b1))
    const a2 = v128.load_splat<f32>(a, 8)
    s20 = f32x4.add(s20, f32x4.mul(a2, b0))
    s21 = f32x4.add(s21, f32x4.mul(a2, b1))
    const a3 = v128.load_splat<f32>(a, 12)
    s30 = f32x4.add(s30, f32x4.mul(a3, b0))
    s31 = f32x4.add(s31, f32x4.mul(a3, b1))
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
