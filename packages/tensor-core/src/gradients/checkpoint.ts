import { flattenParameters, mapParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { tf } from '../tf.js'
import { backpropagate } from './backpropagate.js'
import { withGradient } from './with-gradient.js'

/**
 * Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): runs a part of a model and keeps nothing but its
 * input; the backward pass runs the part again. One more forward pass for the memory of one part instead of all.
 *
 * @param f - the part, a function of what it is given alone: the backward pass calls it again, after tensors that it
 * closes over may be gone
 * @param x - input, receives a gradient
 * @param parameters - receive gradients
 * @param constants - other tensors that `f` reads; kept until then, without gradients
 * @returns what `f` returns, differentiable with respect to `x` and `parameters`
 */
export function checkpoint<Tree extends ParameterTree>(
  f: (x: tf.Tensor, parameters: Tree, constants: readonly tf.Tensor[]) => tf.Tensor,
  x: tf.Tensor,
  parameters: Tree,
  constants: readonly tf.Tensor[] = [],
): tf.Tensor {
  const names = [...flattenParameters(parameters).keys()]
  const run = ([x, ...flat]: readonly tf.Tensor[], constants: readonly tf.Tensor[]) => {
    const byName = new Map(names.map((name, i) => [name, flat[i]]))
    const tree = mapParameters(parameters, (_, name) => byName.get(name) as tf.Tensor)
    return f(x, tree, constants)
  }
  return withGradient(
    [x, ...flattenParameters(parameters).values()],
    (inputs) => ({ output: run(inputs, constants), saved: [...constants] }),
    (outputGradient, inputs, saved) => {
      const { gradients } = backpropagate(() => run(inputs, saved), inputs, { valueGradient: outputGradient })
      return gradients.map((gradient, i) => gradient ?? tf.zerosLike(inputs[i]))
    },
  )
}
