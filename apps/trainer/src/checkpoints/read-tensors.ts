import { readFile } from 'node:fs/promises'
import { parametersFromSafetensors, readSafetensors, SwatError, type ParameterTree } from '@swat-js/tensor-core'

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
  try {
    return parametersFromSafetensors(readSafetensors(await readFile(path)), shapes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const wayOut = 'Remove this checkpoint to use the one before it, or restore the file.'
    throw new SwatError('checkpoint', `${path}: ${reason} ${wayOut}`, { cause: error })
  }
}
