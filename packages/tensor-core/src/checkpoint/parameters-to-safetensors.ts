import { flattenParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import type { tf } from '../tf.js'
import { writeSafetensors, type SafetensorsDtype, type SafetensorsEntry } from './safetensors.js'

const dtypes: Readonly<Record<string, SafetensorsDtype>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' }

/**
 * A tree of tensors as a safetensors file, under their dotted names and in the order of the tree.
 *
 * @param tree - parameters, or any other tree, for example both moments of an optimizer; it stays the caller's
 * @param metadata - strings for the header
 * @returns the file's bytes
 * @throws SwatError `safetensors` for a tensor that is not float32, int32 or bool
 */
export async function parametersToSafetensors(
  tree: ParameterTree,
  metadata?: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const entries: [string, SafetensorsEntry][] = []
  for (const [name, tensor] of flattenParameters(tree)) entries.push([name, await entryOf(name, tensor)])
  return writeSafetensors(entries, metadata)
}

async function entryOf(name: string, tensor: tf.Tensor): Promise<SafetensorsEntry> {
  const dtype = dtypes[tensor.dtype]
  if (!dtype) {
    throw new SwatError(
      'safetensors',
      `parametersToSafetensors: '${name}' must be float32, int32 or bool, but is ${tensor.dtype}.`,
    )
  }
  return { dtype, shape: tensor.shape, data: await tensor.data() }
}
