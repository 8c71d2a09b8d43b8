import { tf } from '../tf.js'

/** A tensor as golden files hold it: row-major values. */
export interface GoldenTensor {
  /** Length of each axis. */
  shape: readonly number[]
  /** Values, row-major. */
  data: readonly number[]
}

/** How close is close. */
export interface Tolerance {
  /** Largest difference allowed, as a share of the largest expected magnitude; default 1e-6. */
  relative?: number
  /** Largest difference allowed in any case; default 0. */
  absolute?: number
  /** What is compared, named in the message. */
  name?: string
}

/**
 * Throws unless all values agree, naming the worst element.
 *
 * @param actual - a tensor or values
 * @param expected - a golden tensor, a tensor or values
 * @param tolerance - see {@link Tolerance}
 */
export function expectClose(
  actual: tf.Tensor | ArrayLike<number>,
  expected: GoldenTensor | tf.Tensor | ArrayLike<number>,
  tolerance: Tolerance = {},
): void {
  const { relative = 1e-6, absolute = 0, name = 'values' } = tolerance
  const actualShape = shapeOf(actual)
  const expectedShape = shapeOf(expected)
  if (actualShape && expectedShape && String(actualShape) !== String(expectedShape)) {
    throw new Error(`${name}: expected shape [${expectedShape.join(', ')}], got [${actualShape.join(', ')}]`)
  }
  const actualValues = valuesOf(actual)
  const expectedValues = valuesOf(expected)
  if (actualValues.length !== expectedValues.length) {
    throw new Error(`${name}: expected ${expectedValues.length} values, got ${actualValues.length}`)
  }
  const { index, difference, largest } = worst(actualValues, expectedValues)
  const allowed = Math.max(absolute, relative * largest)
  if (difference <= allowed) return
  throw new Error(
    `${name}: worst element ${position(index, expectedShape ?? actualShape)} is ${actualValues[index]}, ` +
      `expected ${expectedValues[index]}; difference ${difference.toExponential(2)}, ` +
      `allowed ${allowed.toExponential(2)} (largest magnitude ${largest.toExponential(2)})`,
  )
}

/**
 * The largest difference between two lists of values as a share of the largest expected magnitude.
 *
 * @param actual - a tensor or values
 * @param expected - a golden tensor, a tensor or values of the same number
 * @returns the share; NaN where a value is not finite on one side only
 */
export function relativeError(
  actual: tf.Tensor | ArrayLike<number>,
  expected: GoldenTensor | tf.Tensor | ArrayLike<number>,
): number {
  const { difference, largest } = worst(valuesOf(actual), valuesOf(expected))
  return difference === 0 ? 0 : difference / largest
}

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  let [index, difference, largest] = [0, 0, 0]
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]))
    const here = actual[i] === expected[i] ? 0 : Math.abs(actual[i] - expected[i])
    if (here > difference || Number.isNaN(here)) [index, difference] = [i, here]
    if (Number.isNaN(here)) break
  }
  return { index, difference, largest }
}

function shapeOf(values: GoldenTensor | tf.Tensor | ArrayLike<number>): readonly number[] | null {
  return 'shape' in values ? values.shape : null
}

function valuesOf(values: GoldenTensor | tf.Tensor | ArrayLike<number>): ArrayLike<number> {
  if (values instanceof tf.Tensor) return values.dataSync()
  return 'data' in values ? values.data : values
}

function position(index: number, shape: readonly number[] | null): string {
  if (!shape || shape.length === 0) return `[${index}]`
  const axes: number[] = []
  let rest = index
  for (const axis of [...shape].reverse()) {
    axes.unshift(rest % axis)
    rest = Math.floor(rest / axis)
  }
  return `[${axes.join(', ')}]`
}
