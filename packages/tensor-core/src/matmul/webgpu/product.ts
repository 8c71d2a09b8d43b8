import type { Precision } from '../../kernels/kernel.js'

/** A matrix product `[m, k]` times `[k, n]`, as shaders are chosen for it. */
export interface Product {
  /** Number of products, one after the other in memory. */
  batches: number
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** Length of the inner products. */
  k: number
  /** Whether the left factor lies in memory as `[k, m]`. */
  transposeA: boolean
  /** Whether the right factor lies in memory as `[n, k]`. */
  transposeB: boolean
  /** The arithmetic that is permitted. */
  precision: Precision
}

/** A factor of a product: a matrix `[rows, k]` of rows that meet the rows of the other factor. */
export interface Factor {
  /** Name of its binding. */
  name: 'a' | 'b'
  /** Number of its rows: m of the left factor, n of the right one. */
  rows: number
  /** Whether the elements of a row are neighbours in memory; else those of a column are. */
  rowMajor: boolean
  /** Whether every run of four neighbours in memory belongs to one row or column: it is read as vectors. */
  vectors: boolean
}

/**
 * The two factors of a product.
 *
 * @param product - the product
 */
export function factorsOf({ m, n, k, transposeA, transposeB }: Product): { a: Factor; b: Factor } {
  const factor = (name: 'a' | 'b', rows: number, rowMajor: boolean): Factor => {
    return { name, rows, rowMajor, vectors: (rowMajor ? k : rows) % 4 === 0 }
  }
  return { a: factor('a', m, !transposeA), b: factor('b', n, transposeB) }
}

/** What identifies a product. */
export function productKey({ batches, m, n, k, transposeA, transposeB, precision }: Product): string {
  return `${batches} ${m} ${n} ${k} ${transposeA} ${transposeB} ${precision}`
}
