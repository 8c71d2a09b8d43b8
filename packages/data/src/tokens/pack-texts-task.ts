import type { Task } from '../workers/task.js'
import { countBytes } from './count-bytes.js'
import { loadTokenizer } from './load-tokenizer.js'

/** Texts as one row of tokens. */
export interface PackedTexts {
  /** All tokens, the end-of-document token after each text included. */
  tokens: Int32Array
  /** How many of them belong to each text. */
  lengths: Uint32Array
  /** How many bytes of UTF-8 each text has. */
  byteLengths: Uint32Array
}

/** What {@link packTexts} needs: a tokenizer as its JSON, and the id put after each text or null. */
export interface PackTextsSetup {
  tokenizer: unknown
  endOfDocument: number | null
}

/** Encodes texts one after another. */
export const packTexts: Task<PackTextsSetup, readonly string[], PackedTexts> = ({ tokenizer: json, endOfDocument }) => {
  const tokenizer = loadTokenizer(json)
  const separator = endOfDocument === null ? [] : [endOfDocument]
  return (texts) => {
    const encoded = texts.map((text) => tokenizer.encode(text))
    const lengths = Uint32Array.from(encoded, (ids) => ids.length + separator.length)
    const tokens = new Int32Array(lengths.reduce((sum, length) => sum + length, 0))
    let position = 0
    for (const [index, ids] of encoded.entries()) {
      tokens.set(ids, position)
      tokens.set(separator, position + ids.length)
      position += lengths[index]!
    }
    const byteLengths = Uint32Array.from(texts, countBytes)
    return { output: { tokens, lengths, byteLengths }, transfer: [tokens.buffer, lengths.buffer, byteLengths.buffer] }
  }
}
