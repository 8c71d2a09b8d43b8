import { InvalidArgumentError } from 'commander'

/** Sizes of a matrix product `[m, k]` times `[k, n]`. */
export interface MatMulSizes {
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** Length of the inner products. */
  k: number
}

/**
 * Parses an option that is a list of products, for example `4096x4096x4096,8192x2816x1024`.
 *
 * @param text - what was given: m, n and k of each
 */
export function shapesOption(text: string): MatMulSizes[] {
  return text.split(',').map((part) => {
    const sizes = part.trim().split('x').map(Number)
    if (/^\d+x\d+x\d+$/.test(part.trim()) && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
      return { m: sizes[0], n: sizes[1], k: sizes[2] }
    }
    throw new InvalidArgumentError('Expected rows x outputs x inputs with commas between, for example 4096x4096x4096.')
  })
}
