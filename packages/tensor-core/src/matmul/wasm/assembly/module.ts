import { packAcross, packAlong } from './pack'
import { innerProducts, weightedSums } from './rows'
import { COLUMNS, multiplyEdge, multiplyTile, ROWS, TILE_BYTES } from './tile'

/** Largest block of `a` that is packed at once, 128 kB, and largest panel of `b`, 1 MB. */
const BLOCK_ROWS: i32 = 128
const BLOCK_DEPTH: i32 = 256
const PANEL_COLUMNS: i32 = 1024

/** Up to so many rows, packing would cost more than it saves. */
const FEW_ROWS: i32 = 7

/** Equal parts of k, as long as they fit a block. */
function depthOf(k: i32): i32 {
  const parts = (k + BLOCK_DEPTH - 1) / BLOCK_DEPTH
  return (k + parts - 1) / parts
}

function blockBytes(m: i32, k: i32): i32 {
  return 4 * depthOf(k) * ((min(m, BLOCK_ROWS) + ROWS - 1) & ~(ROWS - 1))
}

function panelBytes(n: i32, k: i32): i32 {
  return 4 * depthOf(k) * ((min(n, PANEL_COLUMNS) + COLUMNS - 1) & ~(COLUMNS - 1))
}

/** Bytes of working memory that {@link product} needs, k ≥ 1. */
export function scratchBytes(m: i32, n: i32, k: i32): i32 {
  return TILE_BYTES + blockBytes(m, k) + panelBytes(n, k)
}

/**
 * c = a · b for matrices that lie one after the other; `m`, `n`, `k` ≥ 1.
 *
 * @param a - `[batches, m, k]`, or `[batches, k, m]` with `transposeA`
 * @param b - `[batches, k, n]`, or `[batches, n, k]` with `transposeB`
 * @param c - `[batches, m, n]`, of which the rows and columns from `first` to before `end` are written; they start at
 * multiples of 8, and end there or with the product: then each is the same as in the whole product
 */
export function product(
  a: usize,
  b: usize,
  c: usize,
  batches: i32,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  firstRow: i32,
  endRow: i32,
  firstColumn: i32,
  endColumn: i32,
  scratch: usize,
): void {
  const rows = endRow - firstRow
  const columns = endColumn - firstColumn
  const aOffset = (<usize>firstRow * <usize>(transposeA ? 1 : k)) << 2
  const bOffset = (<usize>firstColumn * <usize>(transposeB ? k : 1)) << 2
  const cOffset = (<usize>firstRow * <usize>n + <usize>firstColumn) << 2
  for (let batch = 0; batch < batches; batch++) {
    const left = a + aOffset
    const right = b + bOffset
    const to = c + cOffset
    if (m <= FEW_ROWS && (m === 1 || !transposeA)) fewRows(left, right, to, rows, columns, k, n, transposeB)
    else if (n === 1) fewRows(right, left, to, 1, rows, k, m, !transposeA)
    else packedProduct(left, right, to, m, n, k, rows, columns, transposeA, transposeB, scratch)
    a += (<usize>m * <usize>k) << 2
    b += (<usize>k * <usize>n) << 2
    c += (<usize>m * <usize>n) << 2
  }
}

/** Rows of the result lie `width` elements apart, as those of `b` do where it is not transposed. */
function fewRows(
  a: usize,
  b: usize,
  c: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  width: i32,
  transposed: bool,
): void {
  if (transposed) innerProducts(a, b, c, rows, columns, depth, width)
  else weightedSums(a, b, c, rows, columns, depth, width)
}

function packedProduct(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  allRows: i32,
  allColumns: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
): void {
  const block = scratch + TILE_BYTES
  const panel = block + blockBytes(m, k)
  const aStep = (<usize>(transposeA ? m : k)) << 2
  const bStep = (<usize>(transposeB ? k : n)) << 2
  const cStep = (<usize>n) << 2
  const largestDepth = depthOf(k)
  for (let column = 0; column < allColumns; column += PANEL_COLUMNS) {
    const columns = min(PANEL_COLUMNS, allColumns - column)
    for (let start = 0; start < k; start += largestDepth) {
      const depth = min(largestDepth, k - start)
      pack(b, bStep, column, columns, start, depth, COLUMNS, transposeB, panel)
      for (let row = 0; row < allRows; row += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, allRows - row)
        pack(a, aStep, row, rows, start, depth, ROWS, !transposeA, block)
        const to = c + <usize>row * cStep + ((<usize>column) << 2)
        multiplyBlock(block, panel, to, cStep, rows, columns, depth, start > 0, scratch)
      }
    }
  }
}

/** Packs `count` vectors from number `first` on, their elements from `start` on. */
function pack(
  from: usize,
  step: usize,
  first: i32,
  count: i32,
  start: i32,
  depth: i32,
  width: i32,
  along: bool,
  to: usize,
): void {
  if (along) packAlong(from + <usize>first * step + ((<usize>start) << 2), step, count, depth, width, to)
  else packAcross(from + <usize>start * step + ((<usize>first) << 2), step, count, depth, width, to)
}

/** Tile by tile: eight columns of the panel stay in the first cache, the block in the second. */
function multiplyBlock(
  block: usize,
  panel: usize,
  c: usize,
  cStep: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  add: bool,
  scratch: usize,
): void {
  const aStep = (<usize>(depth * ROWS)) << 2
  const bStep = (<usize>(depth * COLUMNS)) << 2
  for (let column = 0; column < columns; column += COLUMNS) {
    let a = block
    for (let row = 0; row < rows; row += ROWS) {
      const to = c + <usize>row * cStep + ((<usize>column) << 2)
      if (row + ROWS <= rows && column + COLUMNS <= columns) multiplyTile(a, panel, to, cStep, depth, add)
      else multiplyEdge(a, panel, to, cStep, depth, add, min(ROWS, rows - row), min(COLUMNS, columns - column), scratch)
      a += aStep
    }
    panel += bStep
  }
}
