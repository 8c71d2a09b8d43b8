import type { Precision } from '../kernels/kernel.js'
import type { Product } from './webgpu/product.js'

/** A matrix product `[m, k]` times `[k, n]`. */
export interface MatMulShape {
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** Length of the inner products. */
  k: number
  /** Number of products in a batch; default 1. */
  batches?: number
  /** Whether the left factor lies in memory as `[k, m]`. */
  transposeA?: boolean
  /** Whether the right factor lies in memory as `[n, k]`. */
  transposeB?: boolean
  /** The arithmetic that is permitted; default `float32`. */
  precision?: Precision
}

/** A shape with its defaults. */
export function productFrom(shape: MatMulShape): Product {
  return { batches: 1, transposeA: false, transposeB: false, precision: 'float32', ...shape }
}

/**
 * A product in words.
 *
 * @param shape - the product
 * @returns the factors as they lie in memory, for example `[8192, 1024]ᵀ · [8192, 1024]`, after the size of a batch
 */
export function matMulName(shape: MatMulShape): string {
  const { batches, m, n, k, transposeA, transposeB } = productFrom(shape)
  const factor = (rows: number, columns: number, transposed: boolean) =>
    transposed ? `[${columns}, ${rows}]ᵀ` : `[${rows}, ${columns}]`
  return `${batches > 1 ? `${batches} × ` : ''}${factor(m, k, transposeA)} · ${factor(k, n, transposeB)}`
}
