import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'

/**
 * A nested record of tensors, with arrays for repeated layers. A tensor's name is its path joined with dots, in the
 * words of Hugging Face: `model.layers.0.attn.q_proj.weight`. An `undefined` entry is absent. (The type is `object`
 * because TypeScript accepts no interface where it asks for an index signature; the leaves are checked when visited.)
 */
export type ParameterTree = object

/**
 * Replaces every tensor of a tree.
 *
 * @param tree - the parameters
 * @param replace - called with each tensor and its dotted name, in the order of the tree
 * @returns a tree of the same nesting
 * @throws SwatError `parameters` when an entry is neither a tensor nor a record or array of them
 */
export function mapParameters<Tree extends ParameterTree>(
  tree: Tree,
  replace: (tensor: tf.Tensor, name: string) => tf.Tensor,
): Tree {
  return visit(tree, '', replace) as Tree
}

function visit(node: unknown, name: string, replace: (tensor: tf.Tensor, name: string) => tf.Tensor): unknown {
  if (node === undefined) return undefined
  if (node instanceof tf.Tensor) return replace(node, name)
  const child = (key: string | number) => (name === '' ? String(key) : `${name}.${key}`)
  if (Array.isArray(node)) return node.map((entry, i) => visit(entry, child(i), replace))
  if (typeof node !== 'object' || node === null) {
    throw new SwatError('parameters', `mapParameters: ${name || 'the tree'} must be a tensor, but is ${String(node)}.`)
  }
  const entries = Object.entries(node).filter(([, entry]) => entry !== undefined)
  return Object.fromEntries(entries.map(([key, entry]) => [key, visit(entry, child(key), replace)]))
}

/**
 * Lists the tensors of a tree.
 *
 * @param tree - the parameters
 * @returns dotted names and tensors, in the order of the tree
 */
export function flattenParameters(tree: ParameterTree): Map<string, tf.Tensor> {
  const flat = new Map<string, tf.Tensor>()
  mapParameters(tree, (tensor, name) => {
    flat.set(name, tensor)
    return tensor
  })
  return flat
}

/**
 * Frees every tensor of a tree.
 *
 * @param tree - the parameters
 */
export function disposeParameters(tree: ParameterTree): void {
  for (const tensor of flattenParameters(tree).values()) tensor.dispose()
}
