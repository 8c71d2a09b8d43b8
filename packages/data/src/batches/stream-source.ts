import { DataError } from '../data-error.js'
import type { TokenStream } from '../tokens/pack-documents.js'
import type { TokenSource } from './token-source.js'

/** Tokens in memory: {@link TokenStream}, of which only the tokens must be there. */
export type StreamedTokens = Pick<TokenStream, 'tokens'> & Partial<TokenStream>

/** Tokens in memory as a source; without `documentStarts` they are one document. */
export function streamSource({ tokens, documentStarts, byteLength = 0 }: StreamedTokens): TokenSource {
  const starts = documentStarts ?? Uint32Array.of(0)
  return {
    tokenCount: tokens.length,
    documentCount: starts.length,
    byteLength,
    read(start, target) {
      if (start < 0 || start + target.length > tokens.length) {
        const range = `${start} to ${start + target.length}`
        throw new DataError('invalid-argument', `read: there are ${tokens.length} tokens, got the range ${range}.`)
      }
      target.set(tokens.subarray(start, start + target.length))
    },
    documentStart: (index) => starts[index] ?? tokens.length,
  }
}
