import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { SwatError } from '@swat-js/tensor-core'

/**
 * Reads a prompt as it is, its last line break included.
 *
 * @param path - a file, or `-` for standard input
 * @throws SwatError `prompt` when it cannot be read or is not UTF-8
 */
export async function readPrompt(path: string): Promise<string> {
  const name = path === '-' ? 'standard input' : path
  let bytes: Uint8Array
  try {
    bytes = path === '-' ? await buffer(process.stdin) : await readFile(path)
  } catch (error) {
    throw new SwatError('prompt', `The prompt cannot be read: ${(error as Error).message}.`, { cause: error })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new SwatError('prompt', `${name}: a prompt must be UTF-8 text. Convert it first.`, { cause: error })
  }
}
