import { packDocuments, type Document, type Tokenizer, type TokenStream } from '@swat-js/data'
import { SwatError } from '@swat-js/tensor-core'

/**
 * Encodes documents into one row of tokens.
 *
 * @param documents - what to encode
 * @param tokenizer - how
 * @param endOfDocument - special token after every document, or null
 * @throws SwatError `tokenizer-mismatch` when the tokenizer lacks that token
 */
export function packText(
  documents: readonly Document[],
  tokenizer: Tokenizer,
  endOfDocument: string | null,
): TokenStream {
  const id = endOfDocument === null ? null : tokenizer.specialTokens.get(endOfDocument)
  if (id === undefined) {
    const known = [...tokenizer.specialTokens.keys()].join(', ') || 'none'
    throw new SwatError(
      'tokenizer-mismatch',
      `tokenizer.endOfDocument: the tokenizer has no special token '${endOfDocument}'; it has ${known}. Choose one or null.`,
    )
  }
  return packDocuments(documents, tokenizer, { endOfDocument: id })
}
