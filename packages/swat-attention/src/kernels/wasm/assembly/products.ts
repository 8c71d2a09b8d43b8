import { ROW } from './scratch'

/** 4 rows × 8 columns in registers. */
class Micro {
  /**
   * c (+)= Σ a(row, k) · b[k] over `depth` ≥ 1 values of k; `rowStep` and `depthStep` say where a's elements lie.
   */
  @inline
  static product(
    a: usize,
    rowStep: usize,
    depthStep: usize,
    b: usize,
    bStep: usize,
    c: usize,
    cStep: usize,
    depth: i32,
    add: bool,
  ): void {
    const c1 = c + cStep
    const c2 = c1 + cStep
    const c3 = c2 + cStep
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
      const a1 = v128.load_splat<f32>(a + rowStep)
      s10 = f32x4.add(s10, f32x4.mul(a1, b0))
      s11 = f32x4.add(s11, f32x4.mul(a1, b1))
      const a2 = v128.load_splat<f32>(a + 2 * rowStep)
      s20 = f32x4.add(s20, f32x4.mul(a2, b0))
      s21 = f32x4.add(s21, f32x4.mul(a2, b1))
      const a3 = v128.load_splat<f32>(a + 3 * rowStep)
      s30 = f32x4.add(s30, f32x4.mul(a3, b0))
      s31 = f32x4.add(s31, f32x4.mul(a3, b1))
      a += depthStep
      b += bStep
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
}

/**
 * Inner products of vectors that are laid out `[depth, TILE]`: out[i][j] = ⟨a[i], b[j]⟩, `[TILE, TILE]`, at least for
 * the columns from starts[i] to ends[i].
 */
export function innerProducts(a: usize, b: usize, depth: i32, out: usize, starts: usize, ends: usize, rows: i32): void {
  for (let i = 0; i < rows; i += 4) {
    const row = (<usize>i) << 2
    const end = load<i32>(ends + row, 12)
    for (let j = load<i32>(starts + row) & ~7; j < end; j += 8) {
      const column = (<usize>j) << 2
      Micro.product(a + row, 4, ROW, b + column, ROW, out + <usize>i * ROW + column, ROW, depth, false)
    }
  }
}

/** c[i] += Σ a[i][k] · b[k], k from starts[i] to ends[i]; a is `[TILE, TILE]`, b and c have rows of `step` bytes. */
export function accumulate(c: usize, a: usize, b: usize, step: usize, starts: usize, ends: usize, rows: i32): void {
  for (let i = 0; i < rows; i += 4) {
    const row = (<usize>i) << 2
    const start = load<i32>(starts + row, 12)
    const end = load<i32>(ends + row)
    addEdges(c, a, ROW, 4, b, step, starts, ends, i, start, end)
    if (start >= end) continue
    const from = a + <usize>i * ROW + ((<usize>start) << 2)
    for (let column: usize = 0; column < step; column += 32) {
      const to = c + <usize>i * step + column
      Micro.product(from, ROW, 4, b + <usize>start * step + column, step, to, step, end - start, true)
    }
  }
}

/** The same with a transposed: c[i] += Σ a[k][i] · b[k]. */
export function accumulateTransposed(
  c: usize,
  a: usize,
  b: usize,
  step: usize,
  starts: usize,
  ends: usize,
  rows: i32,
): void {
  for (let i = 0; i < rows; i += 4) {
    const row = (<usize>i) << 2
    const start = load<i32>(starts + row, 12)
    const end = load<i32>(ends + row)
    addEdges(c, a, 4, ROW, b, step, starts, ends, i, start, end)
    if (start >= end) continue
    const from = a + row + <usize>start * ROW
    for (let column: usize = 0; column < step; column += 32) {
      const to = c + <usize>i * step + column
      Micro.product(from, 4, ROW, b + <usize>start * step + column, step, to, step, end - start, true)
    }
  }
}

/**
 * What rows i … i + 3 see outside [start, end), which all of them see. Row by row: what a row does not see is never
 * multiplied, so that not even NaN passes.
 */
function addEdges(
  c: usize,
  a: usize,
  rowStep: usize,
  depthStep: usize,
  b: usize,
  step: usize,
  starts: usize,
  ends: usize,
  i: i32,
  start: i32,
  end: i32,
): void {
  for (let r = i; r < i + 4; r++) {
    const first = load<i32>(starts + ((<usize>r) << 2))
    const last = load<i32>(ends + ((<usize>r) << 2))
    const to = c + <usize>r * step
    const from = a + <usize>r * rowStep
    if (start >= end) {
      addRange(to, from, depthStep, b, step, first, last)
    } else {
      addRange(to, from, depthStep, b, step, first, start)
      addRange(to, from, depthStep, b, step, end, last)
    }
  }
}

function addRange(c: usize, a: usize, depthStep: usize, b: usize, step: usize, start: i32, end: i32): void {
  for (let k = start; k < end; k++) {
    const factor = v128.load_splat<f32>(a + <usize>k * depthStep)
    const from = b + <usize>k * step
    for (let column: usize = 0; column < step; column += 16) {
      const to = c + column
      v128.store(to, f32x4.add(v128.load(to), f32x4.mul(factor, v128.load(from + column))))
    }
  }
}
