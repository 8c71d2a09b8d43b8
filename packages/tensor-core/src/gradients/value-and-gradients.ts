import { mapParameters, flattenParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import { backpropagate } from './backpropagate.js'

/**
 * A scalar function's value and its gradient with respect to every parameter.
 *
 * @param f - the function, for example the loss; its intermediates are freed
 * @param parameters - where to differentiate; they stay the caller's
 * @returns the value and gradients of the same nesting; both are the caller's to dispose
 * @throws SwatError `no-gradient` when the value does not depend on a parameter. What `f` throws passes through, and
 * nothing leaks.
 */
export function valueAndGradients<Tree extends ParameterTree>(
  f: (parameters: Tree) => tf.Scalar,
  parameters: Tree,
): {
  /** The value of the function. */
  value: tf.Scalar
  /** The gradient of each parameter, nested and named like the parameters. */
  gradients: Tree
} {
  const flat = flattenParameters(parameters)
  const names = [...flat.keys()]
  const { value, gradients } = backpropagate(() => f(parameters), [...flat.values()])
  const missing = names.filter((_, i) => !gradients[i])
  if (missing.length > 0) {
    tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)])
    throw new SwatError(
      'no-gradient',
      `valueAndGradients: the value does not depend on ${missing.join(', ')}. Leave out parameters that are not used.`,
    )
  }
  const byName = new Map(names.map((name, i) => [name, gradients[i] as tf.Tensor]))
  return {
    value: value as tf.Scalar,
    gradients: mapParameters(parameters, (_, name) => byName.get(name) as tf.Tensor),
  }
}
