import { simdSupport } from '../engines/wasm/simd-support.js'
import { kernelRequest, type Precision } from '../kernels/kernel.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import { transpose } from './transpose.js'
import { simdProduct } from './wasm/simd-product.js'
import { gpuMatMul, gpuMatMulProblem, productOf } from './webgpu/gpu-mat-mul.js'

/** Options of {@link matMul}. */
export interface MatMulOptions {
  /** Multiply with `a` transposed in its last two axes. */
  transposeA?: boolean
  /** Multiply with `b` transposed in its last two axes. */
  transposeB?: boolean
  /** The arithmetic that is permitted; default `float32`. With `mixed` the webgpu engine may multiply in float16. */
  precision?: Precision
}

/**
 * Matrix product at full speed on every backend, for use inside kernels: it has no gradient of its own.
 *
 * TensorFlow.js's WebAssembly backend multiplies two plain matrices about twenty times faster than it does with a
 * transpose flag or a batch, and keeps a packed copy of what is on the right. There our own product runs; where it
 * cannot, operands are transposed explicitly and batches are taken one by one. On the
 * webgpu engine the product is our own, where its factors are float32 and within the limits of a dispatch.
 *
 * @param a - `[..., m, k]`, or `[..., k, m]` with `transposeA`
 * @param b - `[..., k, n]`, or `[..., n, k]` with `transposeB`; the same leading axes as `a`
 * @param options - which operands to transpose, and the arithmetic
 * @returns `[..., m, n]`
 * @throws SwatError `shape` when the operands do not fit
 */
export function matMul(a: tf.Tensor, b: tf.Tensor, options: MatMulOptions = {}): tf.Tensor {
  const { transposeA = false, transposeB = false } = options
  const [m, k] = lastTwo(a, transposeA)
  const [kOfB, n] = lastTwo(b, transposeB)
  const batchAxes = a.shape.slice(0, -2)
  if (a.rank < 2 || a.rank !== b.rank || k !== kOfB || !batchAxes.every((axis, i) => axis === b.shape[i])) {
    const flag = (transposed: boolean) => (transposed ? ' transposed' : '')
    throw new SwatError(
      'shape',
      `matMul: a must be [..., m, k] and b [..., k, n] with equal leading axes, but a is [${a.shape.join(', ')}]` +
        `${flag(transposeA)} and b is [${b.shape.join(', ')}]${flag(transposeB)}.`,
    )
  }
  const backend = tf.getBackend()
  if (backend === 'webgpu' && a.dtype === 'float32' && b.dtype === 'float32') {
    const product = productOf(a.shape, b.shape, options)
    if (gpuMatMulProblem(product) === null) return gpuMatMul(a, b, options)
  }
  if (backend !== 'wasm') return tf.matMul(a, b, transposeA, transposeB)
  const batches = batchAxes.reduce((product, axis) => product * axis, 1)
  if (simdSupport(kernelRequest()).supported) {
    return simdProduct(a, b, { batches, m, n, k, transposeA, transposeB }, [...batchAxes, m, n])
  }
  if (a.rank === 2) return tf.tidy(() => plainProduct(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB))
  return tf.tidy(() => {
    const matrices = (x: tf.Tensor) => tf.unstack(tf.reshape(x, [batches, ...x.shape.slice(-2)])) as tf.Tensor2D[]
    const ofB = matrices(b)
    const products = matrices(a).map((matrix, i) => plainProduct(matrix, ofB[i], transposeA, transposeB))
    return tf.reshape(tf.stack(products), [...batchAxes, m, n])
  })
}

function lastTwo(x: tf.Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2)
  return transposed ? [columns, rows] : [rows, columns]
}

/** Relative cost of an element: the backend repacks the right operand, we move what is transposed. */
const cost = { packed: 5, moved: 2 }

/** The product as it stands, or as the transpose of the swapped product: whichever handles fewer numbers. */
function plainProduct(a: tf.Tensor2D, b: tf.Tensor2D, transposeA: boolean, transposeB: boolean): tf.Tensor2D {
  const resultSize = (transposeA ? a.shape[1] : a.shape[0]) * (transposeB ? b.shape[0] : b.shape[1])
  const movedDirectly = (transposeA ? a.size : 0) + (transposeB ? b.size : 0)
  const movedSwapped = (transposeA ? 0 : a.size) + (transposeB ? 0 : b.size) + resultSize
  const direct = cost.packed * b.size + cost.moved * movedDirectly
  const swapped = cost.packed * a.size + cost.moved * movedSwapped
  const asStored = !transposeA && !transposeB
  if (asStored || direct <= swapped) return tf.matMul(transposeA ? transpose(a) : a, transposeB ? transpose(b) : b)
  return transpose(tf.matMul(transposeB ? b : transpose(b), transposeA ? a : transpose(a)))
}
