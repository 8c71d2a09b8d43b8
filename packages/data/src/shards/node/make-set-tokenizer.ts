import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { byteTokenizer } from '../../tokens/byte-tokenizer.js'
import { readTokenizer } from '../../tokens/node/tokenizer-file.js'
import { trainBpeFrom } from '../../tokens/node/train-bpe-from.js'
import { expectNotStopped } from './expect-not-stopped.js'
import type { DecidingOptions, PrepareOptions } from './prepare-options.js'

/** The contents of the tokenizer.json of a set whose tokenizer is made here. */
export async function makeSetTokenizer(
  { tokenizer, endOfDocument }: DecidingOptions,
  trainingTexts: AsyncIterable<string>,
  { onProgress, workers, signal }: PrepareOptions,
): Promise<Uint8Array> {
  const specialTokens = endOfDocument === null ? [] : [endOfDocument]
  if ('vocabSize' in tokenizer) {
    const { vocabSize } = tokenizer
    const onMerge = (done: number, total: number): void => {
      onProgress?.({ stage: 'tokenizer', work: 'merging', done, total })
      expectNotStopped(signal)
    }
    const trained = await trainBpeFrom(trainingTexts, { vocabSize, specialTokens, workers, onProgress: onMerge })
    return contentsOf(trained.toJSON())
  }
  return contentsOf(byteTokenizer({ specialTokens }).toJSON())
}

/**
 * The contents of a tokenizer.json that is given, once it is known that it can be used.
 *
 * @param path - what `readTokenizer` takes: a tokenizer.json, or a folder that has one or GPT-2's files
 */
export async function readTokenizerFile(
  path: string,
  endOfDocument: string | null,
  owner: string,
): Promise<Uint8Array> {
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') return null // what is wrong with it is said when it is read
    const reason = 'there is no such file. Give the path of a tokenizer.json'
    throw new DataError('file-not-found', `${owner}: tokenizer ${path}: ${reason}.`, { cause })
  })
  const tokenizer = await readTokenizer(path).catch((cause: unknown) => {
    if (!(cause instanceof DataError)) throw cause
    throw new DataError(cause.code, cause.message.replace('readTokenizer:', `${owner}: tokenizer`), { cause })
  })
  const { specialTokens } = tokenizer
  if (endOfDocument === null || specialTokens.has(endOfDocument)) {
    const file = status?.isDirectory() === true ? join(path, 'tokenizer.json') : path
    const contents = await readFile(file).catch(() => null) // a folder may have GPT-2's files
    return contents === null ? contentsOf(tokenizer.toJSON()) : withoutMark(contents)
  }
  const known = [...specialTokens.keys()].slice(0, 8).join(', ') || 'none'
  throw new DataError(
    'invalid-special-token',
    `${owner}: endOfDocument: the tokenizer ${path} has no special token '${endOfDocument}'; it has ${known}. ` +
      'Choose one of these, or null for none.',
  )
}

/** JSON has no byte order mark. */
function withoutMark(contents: Uint8Array): Uint8Array {
  return contents[0] === 0xef && contents[1] === 0xbb && contents[2] === 0xbf ? contents.subarray(3) : contents
}

function contentsOf(json: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)
}
