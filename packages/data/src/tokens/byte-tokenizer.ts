import { byteLevelTokenizer } from './byte-level-tokenizer.js'
import { checkSpecialTokens } from './special-tokens.js'
import type { ByteLevelTokenizer } from './tokenizer.js'

/** Options of {@link byteTokenizer}. */
export interface ByteTokenizerOptions {
  /** Tokens such as `<|endoftext|>` that get the ids 256, 257, … Default none. */
  specialTokens?: readonly string[]
}

/**
 * The tokenizer that needs no training: the id of a byte of UTF-8 is its value. 256 ids and the special tokens.
 *
 * @throws {DataError} `invalid-special-token` for one that is empty, double or a token already
 */
export function byteTokenizer(options: ByteTokenizerOptions = {}): ByteLevelTokenizer {
  const { specialTokens = [] } = options
  checkSpecialTokens('byteTokenizer', specialTokens)
  const encoder = new TextEncoder()
  return byteLevelTokenizer({
    kind: 'byte',
    tokens: new Map(Array.from({ length: 256 }, (_, byte) => [byte, Uint8Array.of(byte)])),
    merges: [],
    specialTokens: new Map(specialTokens.map((token, index) => [token, 256 + index])),
    encodeOrdinary: (text, output) => output.append(encoder.encode(text)),
  })
}
