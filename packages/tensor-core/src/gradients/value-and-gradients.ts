import { mapParameters, flattenParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'

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
  const engine = tf.engine()
  const { activeTape, gradientDepth, kernelDepth } = engine.state
  engine.startScope('valueAndGradients')
  let kept: tf.Tensor[] = []
  try {
    const { value, grads } = engine.gradients(() => f(parameters), [...flat.values()], undefined, true)
    const missing = names.filter((_, i) => !grads[i])
    if (missing.length > 0) {
      throw new SwatError(
        'no-gradient',
        `valueAndGradients: the value does not depend on ${missing.join(', ')}. Leave out parameters that are not used.`,
      )
    }
    const byName = new Map(names.map((name, i) => [name, grads[i]]))
    const gradients = mapParameters(parameters, (_, name) => byName.get(name)!)
    kept = [value, ...grads]
    return { value: value as tf.Scalar, gradients }
  } catch (error) {
    releaseTape(activeTape)
    Object.assign(engine.state, { activeTape, gradientDepth, kernelDepth })
    throw error
  } finally {
    engine.endScope(kept)
  }
}

/** TensorFlow.js leaves the tape and the tensors it saved behind when the differentiated function throws. */
function releaseTape(outerTape: unknown): void {
  const tape = tf.engine().state.activeTape
  if (!tape || tape === outerTape) return
  for (const node of tape) for (const tensor of node.saved ?? []) tensor.dispose()
}
