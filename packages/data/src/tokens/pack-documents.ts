import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import type { Document } from '../text/document.js'
import { countBytes } from './count-bytes.js'
import type { Tokenizer } from './tokenizer.js'

/** Documents as one row of tokens. */
export interface TokenStream {
  /** The ids, 16 bits each if the vocabulary has no more than 65,536. */
  tokens: Uint16Array | Uint32Array
  /** Where in `tokens` each document begins, in order. */
  documentStarts: Uint32Array
  /** How many bytes of UTF-8 the texts have, for bits per byte; end-of-document tokens have none. */
  byteLength: number
}

/** Options of {@link packDocuments}. */
export interface PackOptions {
  /** The id put after each document, such as `tokenizer.specialTokens.get('<|endoftext|>')`. Default null: none. */
  endOfDocument?: number | null
}

/**
 * Encodes documents and puts them one after another, the way SWAT is trained (arXiv 2502.18845: texts are concatenated
 * and cut into fixed lengths; attention crosses document borders).
 *
 * @throws {DataError} `empty-text` if there is not one token; `invalid-argument` for an `endOfDocument` that the
 *   vocabulary does not have
 */
export function packDocuments(
  documents: readonly Document[],
  tokenizer: Tokenizer,
  options: PackOptions = {},
): TokenStream {
  const { endOfDocument = null } = options
  if (endOfDocument !== null) checkInteger('packDocuments', 'endOfDocument', endOfDocument, 0, tokenizer.vocabSize - 1)
  const separator = endOfDocument === null ? [] : [endOfDocument]
  const encoded = documents.map(({ text }) => tokenizer.encode(text))
  const length = encoded.reduce((sum, ids) => sum + ids.length + separator.length, 0)
  if (length === 0) {
    throw new DataError('empty-text', `packDocuments: the ${documents.length} documents have no text. Bring some.`)
  }

  const tokens = tokenizer.vocabSize <= 65_536 ? new Uint16Array(length) : new Uint32Array(length)
  const documentStarts = new Uint32Array(documents.length)
  let position = 0
  for (const [index, ids] of encoded.entries()) {
    documentStarts[index] = position
    tokens.set(ids, position)
    tokens.set(separator, position + ids.length)
    position += ids.length + separator.length
  }
  return { tokens, documentStarts, byteLength: documents.reduce((sum, { text }) => sum + countBytes(text), 0) }
}
