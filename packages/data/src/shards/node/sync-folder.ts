import { closeSync, fsyncSync, openSync } from 'node:fs'
import { writeError } from './write-error.js'

/** What systems answer that open no folders, or have nothing to bring to the disk for one. */
const withoutSync = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL']

/** Brings the names in a folder to the disk, where the system can: a file that was renamed has its name after it. */
export function syncFolder(folder: string, owner: string): void {
  try {
    const descriptor = openSync(folder, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (withoutSync.includes((cause as NodeJS.ErrnoException).code ?? '')) return
    throw writeError(owner, folder, cause)
  }
}
