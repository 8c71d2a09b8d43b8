import { SwatError } from '@swat-js/tensor-core'

/**
 * Says why the system refused to write into a run folder, and what to do.
 *
 * @param path - what was to be written
 * @param error - what came from the system; a {@link SwatError} is passed through
 */
export function writeError(path: string, error: unknown): SwatError {
  if (error instanceof SwatError) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const reason = reasons[code] ?? `the system refuses (${error instanceof Error ? error.message : String(error)})`
  return new SwatError('run-not-written', `${path} cannot be written: ${reason}.`, { cause: error })
}

const reasons: Partial<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space or choose another output.folder',
  EDQUOT: 'the disk quota is used up. Free some space or choose another output.folder',
  EACCES: 'the folder is not writable for this user. Choose another output.folder',
  EPERM: 'the folder is not writable for this user. Choose another output.folder',
  EROFS: 'the file system is read-only. Choose another output.folder',
  ENOENT: 'no folder can be made there. Choose another output.folder',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another output.folder',
  EEXIST: 'a part of the path is a file, not a folder. Choose another output.folder',
}
