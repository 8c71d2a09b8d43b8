import { asFloat32 } from '../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor } from '../../engines/wasm/heap.js'
import { tf } from '../../tf.js'
import { productModule } from './product-module.js'

/** Lengths of the axes of a product, and which operands are stored transposed. */
export interface ProductShape {
  /** Number of products, one after the other; default 1. */
  batches?: number
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** What is summed over. */
  k: number
  /** `a` is stored `[k, m]`. */
  transposeA?: boolean
  /** `b` is stored `[n, k]`. */
  transposeB?: boolean
}

/** Rows and columns that are computed together, and multiplications that are worth a thread's while. */
const tile = 8
const worthwhile = 2 ** 18

/**
 * Our own matrix product, in WebAssembly SIMD on the memory of TensorFlow.js: operands are packed at each call into
 * panels that fit the cache, whichever way they are stored, and nothing is kept. Runs where `simdSupport` says so.
 *
 * @param a - the left operands
 * @param b - the right operands
 * @param shape - what they are multiplied as; the caller checks that it fits
 * @param resultShape - `batches · m · n` elements; default `[m, n]`
 * @returns the products, float32
 */
export function simdProduct(
  a: tf.Tensor,
  b: tf.Tensor,
  shape: ProductShape,
  resultShape: number[] = [shape.m, shape.n],
): tf.Tensor {
  const { batches = 1, m, n, k, transposeA = false, transposeB = false } = shape
  if (a.size === 0 || b.size === 0) return tf.zeros(resultShape)
  return tf.tidy(() => {
    const [left, right] = [asFloat32(a), asFloat32(b)]
    const result = uninitializedTensor(resultShape)
    const [from, by, to] = [left, right, result].map(heapPointer)
    const settings = [m, n, k, Number(transposeA), Number(transposeB)]
    const byRows = m >= n
    productModule.run('product', {
      scratchBytes: productModule.exports().scratchBytes(m, n, k),
      ...(batches > 1
        ? {
            items: batches,
            grain: Math.ceil(worthwhile / (m * n * k)),
            argumentsFor: (first, count) => [
              ...[from + 4 * first * m * k, by + 4 * first * k * n, to + 4 * first * m * n],
              ...[count, ...settings, 0, m, 0, n],
            ],
          }
        : {
            items: byRows ? m : n,
            grain: Math.max(tile, Math.ceil(worthwhile / (k * (byRows ? n : m)))),
            together: tile,
            argumentsFor: (first, count) => [
              ...[from, by, to, 1, ...settings],
              ...(byRows ? [first, first + count, 0, n] : [0, m, first, first + count]),
            ],
          }),
    })
    return result
  })
}
