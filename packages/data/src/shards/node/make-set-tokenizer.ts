import { readFile } from 'node:fs/promises'
import { DataError } from '../../data-error.js'
import { byteTokenizer } from '../../tokens/byte-tokenizer.js'
import { loadTokenizer } from '../../tokens/load-tokenizer.js'
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

/** The contents of a tokenizer.json that is given, once it is known that it can be used. */
export async function readTokenizerFile(
  path: string,
  endOfDocument: string | null,
  owner: string,
): Promise<Uint8Array> {
  const contents = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT'
    const reason = missing ? 'there is no such file. Give the path of a tokenizer.json' : `${cause.message}`
    throw new DataError(missing ? 'file-not-found' : 'unreadable-file', `${owner}: tokenizer ${path}: ${reason}.`, {
      cause,
    })
  })
  let specialTokens: ReadonlyMap<string, number>
  try {
    specialTokens = loadTokenizer(JSON.parse(contents.toString('utf8'))).specialTokens
  } catch (cause) {
    const code = cause instanceof DataError ? cause.code : 'invalid-json'
    throw new DataError(code, `${owner}: tokenizer ${path}: ${(cause as Error).message}`, { cause })
  }
  if (endOfDocument === null || specialTokens.has(endOfDocument)) return contents
  const known = [...specialTokens.keys()].slice(0, 8).join(', ') || 'none'
  throw new DataError(
    'invalid-special-token',
    `${owner}: endOfDocument: the tokenizer ${path} has no special token '${endOfDocument}'; it has ${known}. ` +
      'Choose one of these, or null for none.',
  )
}

function contentsOf(json: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)
}
