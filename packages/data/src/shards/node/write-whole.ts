import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { writeError } from './write-error.js'

/** Writes a file that is there whole or not at all: it is written aside, then renamed. */
export function writeWhole(path: string, contents: string | Uint8Array, owner: string): void {
  const aside = `${path}.tmp`
  try {
    const descriptor = openSync(aside, 'w')
    try {
      writeAll(descriptor, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents, 0)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(aside, path)
  } catch (cause) {
    rmSync(aside, { force: true })
    throw writeError(owner, path, cause)
  }
}

/** Writes all bytes at a place of an open file: one call of the system may write fewer. */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
  }
}
