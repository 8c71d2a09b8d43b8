import { readFile } from 'node:fs/promises'
import { parametersFromSafetensors, readSafetensors, SwatError, type ParameterTree } from '@swat-js/tensor-core'
import { withoutFunctionNames } from '../messages/without-function-names.js'

/**
 * Reads a safetensors file of a checkpoint onto the engine in use.
 *
 * @param path - the file
 * @param shapes - name and shape of every tensor it must hold
 * @returns the tensors, nested by their names; the caller's to dispose
 * @throws SwatError `checkpoint` when the file is missing, damaged or belongs to another model
 */
export async function readTensors(
  path: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<ParameterTree> {
  const wayOut = 'Remove this checkpoint to use the one before it.'
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'ENOENT' ? 'is missing' : `cannot be read (${error.code})`
    throw new SwatError('checkpoint', `${path} ${what}. ${wayOut}`, { cause: error })
  })
  try {
    return parametersFromSafetensors(readSafetensors(bytes), shapes)
  } catch (error) {
    const reason = error instanceof Error ? withoutFunctionNames(error.message) : String(error)
    throw new SwatError('checkpoint', `${path}: ${reason.replace(/[^.]$/, '$&.')} ${wayOut}`, { cause: error })
  }
}
