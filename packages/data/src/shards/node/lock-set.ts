import { randomUUID } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { writeError } from './write-error.js'

/** Name of the file that says which process prepares a set. */
export const lockName = 'prepare.lock'

const asidePattern = /^prepare\.lock\.[\da-f-]{36}(\.left)?\.tmp$/

/** Whether a file is a lock, or was written aside to become one. */
export const isLockName = (name: string): boolean => name === lockName || asidePattern.test(name)

/**
 * Keeps other processes from preparing a set in the same folder. The lock of a process of this machine that is gone is
 * taken over; of another machine's processes nothing can be known here.
 *
 * @returns ends the lock
 * @throws {DataError} `folder-locked` when another process works there
 */
export function lockSet(folder: string, owner: string): () => void {
  const file = join(folder, lockName)
  const name = randomUUID()
  const own = `${file}.${name}.tmp`
  const left = `${file}.${name}.left.tmp`
  const { pid, began, host, started } = thisProcess
  const contents = `${[pid, began, encodeURIComponent(host), started ?? 'unknown', name].join(' ')}\n`
  try {
    writeFileSync(own, contents)
    if (!place(own, file)) {
      const found = contentsOf(file)
      const holder = parseHolder(found)
      if (holder !== null && mayLive(holder)) throw lockedError(owner, folder, file, holder)
      // Of several that see a lock that was left, one can rename it; what it renamed may be a fresh lock by then.
      renameSync(file, left)
      if (contentsOf(left) !== found) {
        place(left, file)
        throw lockedError(owner, folder, file, parseHolder(contentsOf(file)))
      }
      if (!place(own, file)) throw lockedError(owner, folder, file, parseHolder(contentsOf(file)))
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw lockedError(owner, folder, file, null)
    throw writeError(owner, file, cause)
  } finally {
    rmSync(own, { force: true })
    rmSync(left, { force: true })
  }
  removeLeft(folder)
  return () => {
    if (contentsOf(file) === contents) rmSync(file, { force: true })
  }
}

/** Removes what processes wrote aside that were killed before it became a lock. */
function removeLeft(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!asidePattern.test(name)) continue
      const holder = parseHolder(contentsOf(join(folder, name)))
      if (holder === null || !mayLive(holder)) rmSync(join(folder, name), { force: true })
    }
  } catch {
    // What stays, such as another user's, is in nobody's way.
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
  /** When its JavaScript began, in milliseconds. */
  began: number
  /** The machine's name; null in a lock that does not say it. */
  host: string | null
  /** When the system started it: another process may have its number by now. Null where that cannot be read. */
  started: string | null
}

const thisProcess = {
  pid: process.pid,
  began: performance.timeOrigin,
  host: hostname(),
  started: startOf(process.pid),
} as const satisfies Holder

/** Clock ticks from the start of the system to that of a process: field 22 of proc(5)'s stat; null elsewhere. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function contentsOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function parseHolder(contents: string | null): Holder | null {
  const [pid, began, host, started] = contents?.trim().split(' ') ?? []
  const number = Number(pid)
  if (!Number.isSafeInteger(number) || number <= 0) return null
  return {
    pid: number,
    began: Number(began),
    host: host === undefined ? null : decodeHost(host),
    started: started === undefined || started === 'unknown' ? null : started,
  }
}

function decodeHost(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Whether a process lives, as far as can be known here. */
function mayLive({ pid, began, host, started }: Holder): boolean {
  if (isElsewhere(host)) return true
  const found = startOf(pid)
  if (started !== null && found !== null) return started === found
  if (pid === thisProcess.pid) return began === thisProcess.began
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isElsewhere(host: string | null): host is string {
  return host !== null && host !== thisProcess.host
}

function lockedError(owner: string, folder: string, file: string, holder: Holder | null): DataError {
  const host = holder?.host ?? null
  const who = `process ${holder?.pid ?? 'unknown'}`
  const message = isElsewhere(host)
    ? `${who} on the machine ${host} is preparing a set in ${folder}. Wait for its end or stop it there, or choose ` +
      `another folder; if it is gone, which cannot be seen from here, remove ${file}.`
    : `${who} is preparing a set in ${folder}. Wait for its end or stop it, or choose another folder; if it is ` +
      `something else, remove ${file}.`
  return new DataError('folder-locked', `${owner}: ${message}`)
}
