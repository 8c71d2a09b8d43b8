import { byteTokenizer, DataError, trainBpe, type Document, type Tokenizer } from '@swat-js/data'
import { readTokenizer } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import type { RunConfig } from '../config/run-config.js'

/**
 * Makes, trains or reads the tokenizer that a configuration asks for.
 *
 * @param config - the `tokenizer` section
 * @param train - the documents that a trained tokenizer learns from
 * @param onProgress - called while one is trained, with merges done and wanted
 * @throws SwatError `config` when there is no such file, DataError when the tokenizer cannot be read or trained
 */
export async function makeTokenizer(
  config: RunConfig['tokenizer'],
  train: readonly Document[],
  onProgress: (done: number, total: number) => void,
): Promise<Tokenizer> {
  const { type, file, vocabSize = 256, endOfDocument } = config
  const specialTokens = endOfDocument === null ? [] : [endOfDocument]
  if (file !== undefined) return readTokenizerFile(file)
  if (type === 'byte') return byteTokenizer({ specialTokens })
  const texts = train.map(({ text }) => text)
  return trainBpe(texts, { vocabSize, specialTokens, onProgress })
}

async function readTokenizerFile(file: string): Promise<Tokenizer> {
  try {
    return await readTokenizer(file)
  } catch (error) {
    if (!(error instanceof DataError && error.code === 'file-not-found')) throw error
    const message = `tokenizer.file: there is no file ${file}. Give the path of a tokenizer.json, or tokenizer.type.`
    throw new SwatError('config', message, { cause: error })
  }
}
