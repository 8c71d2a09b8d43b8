import type { ParameterTree } from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import type { SafetensorsFile } from './safetensors.js'
import { safetensorsToFloat32 } from './safetensors-to-float32.js'

/**
 * Float32 tensors from a safetensors file, nested by their dotted names: numbers are places in an array.
 *
 * @param file - what `readSafetensors` returned; F64, F16 and BF16 are converted
 * @param shapes - name and shape of every parameter that is wanted; the file must hold exactly these
 * @returns the tree; its tensors are the caller's to dispose
 * @throws SwatError `parameters` when names or shapes differ, `safetensors` for a dtype that is not floating point;
 * both before any tensor is made
 */
export function parametersFromSafetensors<Tree extends ParameterTree = ParameterTree>(
  file: SafetensorsFile,
  shapes: ReadonlyMap<string, readonly number[]>,
): Tree {
  expectSame(file, shapes)
  const values = [...shapes].map(([name, shape]) => {
    const entry = file.tensors.get(name)
    return { path: name.split('.'), shape: [...shape], values: entry && safetensorsToFloat32(entry) }
  })
  const root: Branch = {}
  for (const { path, shape, values: data } of values) {
    let branch = root
    for (const part of path.slice(0, -1)) branch = (branch[part] ??= {}) as Branch
    branch[path[path.length - 1]] = tf.tensor(data as Float32Array, shape, 'float32')
  }
  return withArrays(root) as Tree
}

interface Branch {
  [part: string]: Branch | tf.Tensor
}

function expectSame({ tensors }: SafetensorsFile, shapes: ReadonlyMap<string, readonly number[]>): void {
  const faults = [
    ...[...shapes.keys()].filter((name) => !tensors.has(name)).map((name) => `${name} is missing`),
    ...[...tensors.keys()].filter((name) => !shapes.has(name)).map((name) => `${name} is unknown`),
    ...[...shapes].flatMap(([name, shape]) => {
      const found = tensors.get(name)?.shape
      if (!found || String(found) === String(shape)) return []
      return [`${name} should be [${shape.join(', ')}] and is [${found.join(', ')}]`]
    }),
  ]
  if (faults.length === 0) return
  const rest = faults.length > 8 ? ` and ${faults.length - 8} more` : ''
  throw new SwatError(
    'parameters',
    `parametersFromSafetensors: the file does not hold the parameters that are wanted: ${faults.slice(0, 8).join('; ')}` +
      `${rest}. Check that weights and configuration belong together.`,
  )
}

function withArrays(node: Branch | tf.Tensor): ParameterTree {
  if (node instanceof tf.Tensor) return node
  const entries = Object.entries(node).map(([part, child]) => [part, withArrays(child)] as const)
  const isArray = entries.length > 0 && entries.every(([part], i) => part === String(i))
  return isArray ? entries.map(([, child]) => child) : Object.fromEntries(entries)
}
