import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { flattenParameters, mapParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { tf } from '../tf.js'

/** How a gradient is checked. */
export interface GradientCheck {
  /** Length of the step to each side; default 1e-2, good for float32. */
  step?: number
  /** Largest difference allowed, as a share of the larger derivative; default 1e-2. */
  relative?: number
  /** Difference that is forgiven in any case, for derivatives lost in rounding; default 1e-4. */
  absolute?: number
}

/**
 * Compares the gradient of a scalar function with central differences: for every tensor, along the direction of its
 * gradient, where the derivative is largest and float32 rounding matters least, and along one fixed other direction.
 *
 * @param f - the function
 * @param parameters - where to differentiate
 * @param check - see {@link GradientCheck}
 * @throws Error naming the tensor whose derivative differs
 */
export function checkGradients<Tree extends ParameterTree>(
  f: (parameters: Tree) => tf.Scalar,
  parameters: Tree,
  check: GradientCheck = {},
): void {
  const { step = 1e-2, relative = 1e-2, absolute = 1e-4 } = check
  const { value, gradients } = valueAndGradients(f, parameters)
  value.dispose()
  for (const [name, gradient] of flattenParameters(gradients)) {
    for (const direction of directions(gradient.dataSync())) {
      const expected = dot(gradient.dataSync(), direction)
      const along = (distance: number) => valueAlong(f, parameters, name, direction, distance)
      const measured = (along(step) - along(-step)) / (2 * step)
      const allowed = Math.max(absolute, relative * Math.max(Math.abs(expected), Math.abs(measured)))
      if (!(Math.abs(expected - measured) <= allowed)) {
        throw new Error(
          `gradient of ${name}: derivative along a direction is ${expected}, central difference gives ${measured} ` +
            `(allowed difference ${allowed.toExponential(2)})`,
        )
      }
    }
    gradient.dispose()
  }
}

function directions(gradient: ArrayLike<number>): Float64Array[] {
  const along = Float64Array.from(gradient)
  const other = Float64Array.from(gradient, (_, i) => Math.sin(1 + 2.3 * i))
  return [along, other].map(unit).filter((direction) => direction.every(Number.isFinite))
}

function unit(direction: Float64Array): Float64Array {
  const length = Math.sqrt(dot(direction, direction))
  return direction.map((value) => value / length)
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function valueAlong<Tree extends ParameterTree>(
  f: (parameters: Tree) => tf.Scalar,
  parameters: Tree,
  name: string,
  direction: Float64Array,
  distance: number,
): number {
  return tf.tidy(() => {
    const moved = mapParameters(parameters, (tensor, tensorName) => {
      if (tensorName !== name) return tensor
      const values = Float32Array.from(tensor.dataSync(), (value, i) => value + distance * direction[i])
      return tf.tensor(values, tensor.shape)
    })
    return f(moved).dataSync()[0]
  })
}
