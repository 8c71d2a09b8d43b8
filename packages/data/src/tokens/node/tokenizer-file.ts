import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DataError } from '../../data-error.js'
import { loadTokenizer } from '../load-tokenizer.js'
import type { Tokenizer } from '../tokenizer.js'

/**
 * Writes a Hugging Face `tokenizer.json`. The file is complete or not there at all: it is written aside, then renamed.
 * The folder is made if it is missing.
 *
 * @throws {DataError} `unreadable-file` if the system refuses
 */
export async function saveTokenizer(path: string, tokenizer: Tokenizer): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(aside, 'wx')
    try {
      await file.writeFile(`${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } catch (cause) {
    await rm(aside, { force: true })
    throw new DataError('unreadable-file', `saveTokenizer: ${path} cannot be written: ${messageOf(cause)}`, { cause })
  }
}

/**
 * Reads a `tokenizer.json` that {@link saveTokenizer} wrote, or another that `loadTokenizer` understands.
 *
 * @throws {DataError} `file-not-found`, `unreadable-file`, `invalid-json`, `unsupported-tokenizer`,
 *   `invalid-special-token`
 */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      const message = `readTokenizer: there is no file ${path}. saveTokenizer writes one.`
      throw new DataError('file-not-found', message, { cause })
    }
    throw new DataError('unreadable-file', `readTokenizer: ${path} cannot be read: ${cause.message}`, { cause })
  })
  try {
    return loadTokenizer(JSON.parse(text))
  } catch (cause) {
    const code = cause instanceof DataError ? cause.code : 'invalid-json'
    throw new DataError(code, `readTokenizer: ${path}: ${messageOf(cause)}`, { cause })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
