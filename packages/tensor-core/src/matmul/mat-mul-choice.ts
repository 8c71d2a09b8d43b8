import { SwatError } from '../swat-error.js'
import { type MatMulShape, matMulName } from './mat-mul-shape.js'

/** The way to compute a product that was measured to be the fastest: plain JSON, to be kept for later. */
export interface MatMulChoice {
  /** The device that it was measured on, in words. */
  device: string
  /** What identifies the list of tilings that it was chosen from. */
  list: string
  /** The product. */
  product: Required<MatMulShape>
  /** How the work is divided, in words, for example `f16 128×256×32, 64×64 a subgroup`. */
  tiling: string
  /** Into how many parts, added up at the end, the inner products are cut. */
  parts: number
  /** Median time in milliseconds. */
  milliseconds: number
  /** By GPU time stamps or, on devices without, by the wall clock. */
  clock: 'gpu' | 'wall'
}

/**
 * Choices as a table for people.
 *
 * @param choices - as `tuneMatMul` made them
 * @returns a line for each: product, precision, milliseconds, 10¹² operations a second, tiling
 */
export function describeMatMulChoices(choices: readonly MatMulChoice[]): string {
  const rows = choices.map(({ product, milliseconds, tiling, parts }) => {
    const tflops = (2 * product.batches * product.m * product.n * product.k) / milliseconds / 1e9
    return [
      matMulName(product),
      product.precision,
      `${milliseconds.toPrecision(3)} ms`,
      `${tflops.toPrecision(3)} TFLOP/s`,
      `${tiling}${parts > 1 ? `, ${parts} parts` : ''}`,
    ]
  })
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join('  ')).join('\n')
}

/**
 * Takes what was read from JSON for choices, if it is.
 *
 * @param caller - name of the public function
 * @param choices - what was read
 * @throws SwatError `tuning` that says what is wrong with the first that is none
 */
export function expectMatMulChoices(caller: string, choices: unknown): MatMulChoice[] {
  if (!Array.isArray(choices)) throw refusal(caller, 'choices must be an array', choices)
  choices.forEach((choice: Partial<MatMulChoice> | null, i) => {
    const { device, list, product, tiling, parts, milliseconds, clock } = choice ?? {}
    const valid =
      [device, list, tiling].every((text) => typeof text === 'string') &&
      isCount(parts) &&
      typeof milliseconds === 'number' &&
      milliseconds > 0 &&
      (clock === 'gpu' || clock === 'wall') &&
      isShape(product)
    if (!valid) throw refusal(caller, `choice number ${i} must be as tuneMatMul made it`, choice)
  })
  return choices as MatMulChoice[]
}

function isShape(product: Partial<MatMulShape> | undefined): boolean {
  const { batches, m, n, k, transposeA, transposeB, precision } = product ?? {}
  return (
    [batches, m, n, k].every(isCount) &&
    [transposeA, transposeB].every((flag) => typeof flag === 'boolean') &&
    (precision === 'float32' || precision === 'mixed')
  )
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function refusal(caller: string, expected: string, found: unknown): SwatError {
  const shown = JSON.stringify(found)?.slice(0, 200)
  return new SwatError('tuning', `${caller}: ${expected}, but is ${shown}. Leave it out, and measure again.`)
}
