import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'
import { latestCheckpoint } from '@swat-js/tensor-core/node'

/**
 * The latest whole checkpoint of a run.
 *
 * @param runFolder - the run folder
 * @returns the checkpoint's folder, or null when there is none
 */
export async function findLatestCheckpoint(runFolder: string): Promise<string | null> {
  const folder = join(runFolder, 'checkpoints')
  return (await exists(folder)) ? latestCheckpoint(folder) : null
}

/**
 * Finds the checkpoint that a person means.
 *
 * @param path - a run folder, for its latest checkpoint, or the folder of a checkpoint
 * @returns the checkpoint's folder
 * @throws SwatError `checkpoint` when there is none
 */
export async function findCheckpoint(path: string): Promise<string> {
  if (await exists(join(path, 'model.safetensors'))) return path
  if (!(await exists(path))) {
    throw new SwatError('checkpoint', `${path}: there is no such folder. Give the folder of a run or of a checkpoint.`)
  }
  const latest = await findLatestCheckpoint(path)
  if (latest !== null) return latest
  throw new SwatError(
    'checkpoint',
    `${path}: there is no checkpoint in it. Give the folder of a run or of a checkpoint.`,
  )
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
