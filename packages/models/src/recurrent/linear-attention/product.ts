import { matMul, type tf, withGradient } from '@swat-js/tensor-core'

/** Which operands of {@link product} are stored transposed. */
export interface ProductOptions {
  /** Multiply with `a` transposed in its last two axes. */
  transposeA?: boolean
  /** Multiply with `b` transposed in its last two axes. */
  transposeB?: boolean
}

/**
 * Differentiable products of many small matrices, at full speed on every backend.
 *
 * @param a - `[..., m, k]`, or `[..., k, m]` with `transposeA`
 * @param b - `[..., k, n]`, or `[..., n, k]` with `transposeB`; the same leading axes as `a`
 * @param options - which operands to transpose
 * @returns `[..., m, n]`
 */
export function product<Result extends tf.Tensor>(a: Result, b: Result, options: ProductOptions = {}): Result {
  const { transposeA = false, transposeB = false } = options
  return withGradient(
    [a, b],
    ([a, b]) => matMul(a, b, options),
    (gradient, [a, b]) => [
      transposeA
        ? matMul(b, gradient, { transposeA: transposeB, transposeB: true })
        : matMul(gradient, b, { transposeB: !transposeB }),
      transposeB
        ? matMul(gradient, a, { transposeA: true, transposeB: transposeA })
        : matMul(a, gradient, { transposeA: !transposeA }),
    ],
  ) as Result
}
