import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataError } from '../../data-error.js'
import { decodeStrictly } from '../../text/decode-strictly.js'
import { gpt2Tokenizer } from '../gpt2-tokenizer.js'
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

/** The two files of GPT-2's form. */
export interface Gpt2Files {
  /** Path of `vocab.json`, `encoder.json` of the first GPT-2. */
  vocab: string
  /** Path of `merges.txt`, `vocab.bpe` of the first GPT-2. */
  merges: string
}

/**
 * Reads a tokenizer: a `tokenizer.json` that {@link saveTokenizer} wrote, or another that `loadTokenizer` understands;
 * GPT-2's `vocab.json` and `merges.txt`; or a folder that has the one or the others.
 *
 * @param source path of a `tokenizer.json` or of a folder, or the paths of GPT-2's two files
 * @throws {DataError} `file-not-found`, `unreadable-file`, `invalid-utf8`, `invalid-json`, `invalid-special-token`;
 *   `unsupported-tokenizer`, also for `.model` and `.tiktoken` files, with the way to convert them
 */
export async function readTokenizer(source: string | Gpt2Files): Promise<Tokenizer> {
  if (typeof source !== 'string') return readGpt2Files(source)
  const status = await stat(source).catch(() => null) // what is wrong with it is said when it is read
  if (status?.isDirectory()) return readTokenizerFolder(source)
  refuseOtherFormats(source)
  const json = parseJson(source, await readText(source))
  return naming(source, () => loadTokenizer(json))
}

async function readTokenizerFolder(folder: string): Promise<Tokenizer> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new DataError('unreadable-file', `readTokenizer: ${folder} cannot be read: ${cause.message}`, { cause })
  })
  if (names.includes('tokenizer.json')) return readTokenizer(join(folder, 'tokenizer.json'))
  for (const [vocab, merges] of [
    ['vocab.json', 'merges.txt'],
    ['encoder.json', 'vocab.bpe'],
  ] as const) {
    if (names.includes(vocab) && names.includes(merges)) {
      return readGpt2Files({ vocab: join(folder, vocab), merges: join(folder, merges) })
    }
  }
  for (const name of names) refuseOtherFormats(join(folder, name))
  const message =
    `readTokenizer: the folder ${folder} has neither tokenizer.json nor vocab.json with merges.txt. Give the path of ` +
    'a tokenizer.json; saveTokenizer writes one.'
  throw new DataError('file-not-found', message)
}

async function readGpt2Files({ vocab, merges }: Gpt2Files): Promise<Tokenizer> {
  const ids = parseJson(vocab, await readText(vocab)) as Record<string, number>
  const pairs = await readText(merges)
  return naming(`${vocab} and ${merges}`, () => gpt2Tokenizer(ids, pairs))
}

/** SentencePiece's and tiktoken's files do not say how text is cut; Python makes a tokenizer.json of them. */
function refuseOtherFormats(path: string): void {
  const convert = "AutoTokenizer.from_pretrained('<the model\'s folder>').save_pretrained('converted')"
  const formats = { '.model': 'a SentencePiece model', '.tiktoken': 'a list of tokens for tiktoken' }
  for (const [extension, format] of Object.entries(formats)) {
    if (!path.toLowerCase().endsWith(extension)) continue
    throw new DataError(
      'unsupported-tokenizer',
      `readTokenizer: ${path} is ${format}, which is not read. Take the tokenizer.json of the same model, or make one ` +
        `in Python (pip install transformers sentencepiece tiktoken): from transformers import AutoTokenizer; ${convert}`,
    )
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      const message = `readTokenizer: there is no file ${path}. saveTokenizer writes one.`
      throw new DataError('file-not-found', message, { cause })
    }
    throw new DataError('unreadable-file', `readTokenizer: ${path} cannot be read: ${cause.message}`, { cause })
  })
  return decodeStrictly(bytes, 'readTokenizer', path).replace(/^\ufeff/, '')
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const advice = 'It must be whole JSON; get it again'
    throw new DataError('invalid-json', `readTokenizer: ${path}: ${messageOf(cause)}. ${advice}.`, { cause })
  }
}

/** An error of reading a parsed file gets the file's name. */
function naming(path: string, read: () => Tokenizer): Tokenizer {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    throw new DataError(cause.code, `readTokenizer: ${path}: ${cause.message}`, { cause })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
