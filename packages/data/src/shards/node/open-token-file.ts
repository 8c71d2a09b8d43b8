import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { checkChoice } from '../../check-choice.js'
import { checkInteger } from '../../check-integer.js'
import { DataError } from '../../data-error.js'
import type { TokenSource } from '../../batches/token-source.js'
import { bytesOfToken, type TokenDtype } from '../shard-header.js'
import { tokenFiles, type TokenFile } from './token-files.js'

/** Options of {@link openTokenFile}. */
export interface TokenFileOptions {
  /** How many ids the tokenizer has that made the file; one beyond it is refused when the documents are counted. */
  vocabSize: number
  /** The id of the token between documents; null: all tokens are one document. */
  endOfDocument: number | null
  /**
   * `nanogpt`: ids of 16 bits and nothing else. `llm.c`: 256 numbers of 32 bits, then the ids. Default `auto`: `llm.c`
   * for a file that begins with its magic number.
   */
  format?: 'auto' | 'nanogpt' | 'llm.c'
  /**
   * Where the token between documents stands: `after` each of them (nanoGPT's scripts) or `before` (those of llm.c and
   * modded-nanogpt). Default: as the format's scripts have it.
   */
  delimiter?: 'after' | 'before'
  /** How many bytes of UTF-8 the texts have. Such files do not say it: by default `byteLength` is NaN. */
  byteLength?: number
}

/** A file of tokens that another program wrote. */
export interface TokenFileSource extends TokenSource {
  /** What was found. */
  readonly format: 'nanogpt' | 'llm.c'
  /** Closes the file; nothing can be read afterwards. */
  close(): void
}

const owner = 'openTokenFile'
const headerBytes = 1024

/** Headers of llm.c: magic number, version, width of its ids. */
const headers: readonly { magic: number; version: number; dtype: TokenDtype }[] = [
  { magic: 20240520, version: 1, dtype: 'uint16' }, // GPT-2; modded-nanogpt
  { magic: 20240801, version: 7, dtype: 'uint32' }, // Llama 3
]

/**
 * Opens a `.bin` file of tokens as nanoGPT writes it (16 bits an id, no header), or llm.c and modded-nanogpt (a header
 * of 256 numbers). Opening reads the header only; the whole file is read once, for the documents, when `documentCount`
 * or `documentStart` is first asked for.
 *
 * @throws {DataError} `file-not-found`, `unreadable-file`, `invalid-argument`; `invalid-shards` for a size or a header
 *   that cannot be; later for an id outside the vocabulary
 */
export function openTokenFile(path: string, options: TokenFileOptions): TokenFileSource {
  const { vocabSize, endOfDocument, byteLength = NaN } = options
  checkInteger(owner, 'vocabSize', vocabSize, 1, 2 ** 31)
  if (endOfDocument !== null) checkInteger(owner, 'endOfDocument', endOfDocument, 0, vocabSize - 1)
  const { format: wanted = 'auto', delimiter: given } = options
  checkChoice(owner, 'format', wanted, ['auto', 'nanogpt', 'llm.c'])
  if (given !== undefined) checkChoice(owner, 'delimiter', given, ['after', 'before'])
  const { format, file } = inspect(path, wanted)
  const delimiter = given ?? (format === 'nanogpt' ? 'after' : 'before')
  const { tokenCount, read, close } = tokenFiles([file], owner)
  let starts: Float64Array | null = null
  const documentStarts = (): Float64Array =>
    (starts ??= findStarts(path, { tokenCount, read, vocabSize, endOfDocument, delimiter }))
  return {
    format,
    tokenCount,
    byteLength,
    read,
    close,
    get documentCount() {
      return documentStarts().length
    },
    documentStart(index) {
      const found = documentStarts()
      checkInteger(owner, 'index of a document', index, 0, found.length)
      return index === found.length ? tokenCount : found[index]!
    },
  }
}

function inspect(path: string, wanted: 'auto' | 'nanogpt' | 'llm.c'): { format: 'nanogpt' | 'llm.c'; file: TokenFile } {
  const refuse = (reason: string): never => {
    throw new DataError('invalid-shards', `${owner}: ${path} ${reason}. Download or prepare it again.`)
  }
  const { head, size } = readHead(path)
  const view = new DataView(head.buffer)
  const [magic, version, tokens] = [0, 4, 8].map((offset) => view.getInt32(offset, true)) as [number, number, number]
  const known = headers.find((header) => header.magic === magic)
  const format = wanted === 'auto' ? (known !== undefined && size >= headerBytes ? 'llm.c' : 'nanogpt') : wanted
  if (format === 'nanogpt') {
    if (size % 2 !== 0) refuse(`has ${size} bytes, but ids of 16 bits make an even number`)
    if (size === 0) refuse('is empty')
    return { format, file: { path, dtype: 'uint16', offset: 0, tokens: size / 2 } }
  }
  if (known === undefined) {
    return refuse(`has the magic number ${magic}, not ${headers.map((header) => header.magic).join(' or ')}`)
  }
  if (version !== known.version) refuse(`has version ${version} of the format, not ${known.version}`)
  const expected = headerBytes + tokens * bytesOfToken(known.dtype)
  if (tokens < 1 || size !== expected) {
    refuse(`has ${size} bytes, but its header says ${tokens} tokens, which make ${expected}`)
  }
  return { format, file: { path, dtype: known.dtype, offset: headerBytes, tokens } }
}

function readHead(path: string): { head: Uint8Array<ArrayBuffer>; size: number } {
  try {
    const descriptor = openSync(path, 'r')
    try {
      const head = new Uint8Array(12)
      readSync(descriptor, head, 0, head.length, 0)
      return { head, size: fstatSync(descriptor).size }
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const missing = code === 'ENOENT'
    const reason = missing ? 'there is no such file' : message
    throw new DataError(
      missing ? 'file-not-found' : 'unreadable-file',
      `${owner}: ${path} cannot be read: ${reason}.`,
      {
        cause,
      },
    )
  }
}

interface StartSearch {
  tokenCount: number
  read: (start: number, target: Int32Array) => void
  vocabSize: number
  endOfDocument: number | null
  delimiter: 'after' | 'before'
}

/** Where documents begin: at 0, and at each delimiter or behind it. */
function findStarts(
  path: string,
  { tokenCount, read, vocabSize, endOfDocument, delimiter }: StartSearch,
): Float64Array {
  let starts = new Float64Array(1024)
  let count = 1 // the first begins at 0
  const part = new Int32Array(Math.min(tokenCount, 1 << 20))
  for (let begin = 0; begin < tokenCount; begin += part.length) {
    const tokens = part.subarray(0, Math.min(part.length, tokenCount - begin))
    read(begin, tokens)
    for (let index = 0; index < tokens.length; index++) {
      const id = tokens[index]!
      if (id < 0 || id >= vocabSize) {
        throw new DataError(
          'invalid-shards',
          `${owner}: ${path}: token ${begin + index} is ${id >>> 0}, but the vocabulary has ${vocabSize} ids. ` +
            'Was it made with another tokenizer?',
        )
      }
      if (id !== endOfDocument) continue
      const start = begin + index + (delimiter === 'after' ? 1 : 0)
      if (start === 0 || start === tokenCount) continue
      if (count === starts.length) {
        const grown = new Float64Array(2 * count)
        grown.set(starts)
        starts = grown
      }
      starts[count++] = start
    }
  }
  return starts.slice(0, count)
}
