import { DataError } from '../../data-error.js'

/** Says why the system refused to write, and what to do; a {@link DataError} is passed through. */
export function writeError(owner: string, path: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause
  const { code = '', message } = cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: String(cause) }
  const reason = reasons[code] ?? `the system refuses (${message}). Choose another folder`
  return new DataError('unreadable-file', `${owner}: ${path} cannot be written: ${reason}.`, { cause })
}

const reasons: Partial<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space and start again with the same options: it goes on where it was',
  EDQUOT: 'the disk quota is used up. Free some space and start again with the same options: it goes on where it was',
  EACCES: 'the folder is not writable for this user. Choose another folder',
  EPERM: 'the folder is not writable for this user. Choose another folder',
  EROFS: 'the file system is read-only. Choose another folder',
  ENOENT: 'no folder can be made there. Choose another folder',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another folder',
  EEXIST: 'a part of the path is a file, not a folder. Choose another folder',
}
