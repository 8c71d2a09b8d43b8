import { asFloat32 } from '../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor, withHeapBytes } from '../../engines/wasm/heap.js'
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
    const { scratchBytes, product } = productModule.exports()
    withHeapBytes(scratchBytes(m, n, k), (scratch) => {
      const [from, by, to] = [left, right, result].map(heapPointer)
      product(from, by, to, batches, m, n, k, Number(transposeA), Number(transposeB), scratch)
    })
    return result
  })
}
