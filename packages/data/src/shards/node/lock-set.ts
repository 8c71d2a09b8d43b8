import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { writeError } from './write-error.js'

/** Name of the file that says which process prepares a set. */
export const lockName = 'prepare.lock'

const asidePattern = /^prepare\.lock\.[\da-f-]{36}(\.left)?\.tmp$/

/** Whether a file is a lock, or was written aside to become one. */
export const isLockName = (name: string): boolean => name === lockName || asidePattern.test(name)

/**
 * Keeps other processes from preparing a set in the same folder. The lock of a process that is gone is taken over.
 *
 * @returns ends the lock
 * @throws {DataError} `folder-locked` when another process works there
 */
export function lockSet(folder: string, owner: string): () => void {
  const file = join(folder, lockName)
  const name = randomUUID()
  const own = `${file}.${name}.tmp`
  const left = `${file}.${name}.left.tmp`
  try {
    writeFileSync(own, `${thisProcess.pid} ${thisProcess.began}\n`)
    if (place(own, file)) return () => rmSync(file, { force: true })
    const holder = readHolder(file)
    if (holder !== null && isAlive(holder)) throw lockedError(owner, folder, file, holder)
    // Of several that see a lock that was left, one can rename it; what it renamed may be a fresh lock by then.
    renameSync(file, left)
    if (readHolder(left)?.pid !== holder?.pid) {
      place(left, file)
      throw lockedError(owner, folder, file, readHolder(file))
    }
    if (!place(own, file)) throw lockedError(owner, folder, file, readHolder(file))
    return () => rmSync(file, { force: true })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw lockedError(owner, folder, file, null)
    throw writeError(owner, file, cause)
  } finally {
    rmSync(own, { force: true })
    rmSync(left, { force: true })
  }
}

/** Gives a file a second name that nobody has yet: the lock is never there without its contents. */
function place(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST') return false
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error
  }
  try {
    writeFileSync(file, readFileSync(own), { flag: 'wx' }) // a file system without links
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The process that wrote a lock. */
interface Holder {
  pid: number
  /** When it began: containers number their processes alike. */
  began: number
}

const thisProcess: Readonly<Holder> = { pid: process.pid, began: performance.timeOrigin }

function readHolder(file: string): Holder | null {
  try {
    const [pid = 0, began = 0] = readFileSync(file, 'utf8').split(' ').map(Number)
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, began } : null
  } catch {
    return null
  }
}

function isAlive({ pid, began }: Holder): boolean {
  if (pid === thisProcess.pid) return began === thisProcess.began
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lockedError(owner: string, folder: string, file: string, holder: Holder | null): DataError {
  return new DataError(
    'folder-locked',
    `${owner}: process ${holder?.pid ?? 'unknown'} is preparing a set in ${folder}. Wait for its end or stop it, or choose ` +
      `another folder; if it is something else, remove ${file}.`,
  )
}
