import { byteTokenizer, trainBpe, type Document, type Tokenizer } from '@swat-js/data'
import { readTokenizer } from '@swat-js/data/node'
import type { RunConfig } from '../config/run-config.js'

/**
 * Makes, trains or reads the tokenizer that a configuration asks for.
 *
 * @param config - the `tokenizer` section
 * @param train - the documents that a trained tokenizer learns from
 * @param onProgress - called while one is trained, with merges done and wanted
 * @throws DataError when the tokenizer cannot be read or trained
 */
export async function makeTokenizer(
  config: RunConfig['tokenizer'],
  train: readonly Document[],
  onProgress: (done: number, total: number) => void,
): Promise<Tokenizer> {
  const { type, file, vocabSize = 256, endOfDocument } = config
  const specialTokens = endOfDocument === null ? [] : [endOfDocument]
  if (file !== undefined) return readTokenizer(file)
  if (type === 'byte') return byteTokenizer({ specialTokens })
  const texts = train.map(({ text }) => text)
  return trainBpe(texts, { vocabSize, specialTokens, onProgress })
}
