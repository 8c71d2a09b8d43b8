import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'
import { writeError } from './write-error.js'

/** Name of the file that says which process trains in a run folder. */
export const lockName = 'lock'

/**
 * Keeps other processes from training in a run folder. The lock of a process that is gone is taken over.
 *
 * @param folder - the run folder
 * @returns ends the lock
 * @throws SwatError `run-locked` when another process trains there
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, lockName)
  if (!(await create(file))) {
    const holder = await readHolder(file)
    if (holder !== null && isAlive(holder)) throw lockedError(folder, file, holder)
    await rm(file, { force: true })
    if (!(await create(file))) throw lockedError(folder, file, await readHolder(file))
  }
  return () => rm(file, { force: true })
}

/** Makes the file with this process's number in it, unless it is there. */
async function create(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw writeError(file, error)
  }
}

async function readHolder(file: string): Promise<number | null> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

/** A lock of this process's own number was left by an earlier process: containers number alike. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lockedError(folder: string, file: string, pid: number | null): SwatError {
  return new SwatError(
    'run-locked',
    `${folder} is being trained by process ${pid ?? 'unknown'}. Stop that process or wait for its end; ` +
      `if it is no training, remove ${file}.`,
  )
}
