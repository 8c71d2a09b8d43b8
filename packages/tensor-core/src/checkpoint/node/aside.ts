import { randomUUID } from 'node:crypto'

/** The name of something that stands beside a checkpoint for a moment, and whose process may have been killed since. */
export interface Aside {
  /** The checkpoint. */
  target: string
  /** `tmp`: half-written or half-removed; `old`: whole, being replaced. */
  kind: 'tmp' | 'old'
  /** The process that made it. */
  pid: number
}

/**
 * A name beside a checkpoint that nothing else has.
 *
 * @param target - the checkpoint's name or path
 * @param kind - what it will hold
 * @returns the name or path
 */
export function asideName(target: string, kind: Aside['kind']): string {
  return `${target}.${kind}-${process.pid}-${randomUUID()}`
}

/**
 * Reads a name that {@link asideName} made.
 *
 * @param name - an entry of a folder
 * @returns what it is, or null for any other name
 */
export function parseAside(name: string): Aside | null {
  const [, target, kind, pid] = /^(.+)\.(tmp|old)-(\d+)-[0-9a-f-]{36}$/.exec(name) ?? []
  return target === undefined ? null : { target, kind: kind as Aside['kind'], pid: Number(pid) }
}

/**
 * Whether nobody will finish or remove it any more.
 *
 * @param aside - what {@link parseAside} read
 * @returns true when the process that made it is gone; this process's own may belong to another save under way
 */
export function isLeft({ pid }: Aside): boolean {
  try {
    process.kill(pid, 0) // signal 0 only asks
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
