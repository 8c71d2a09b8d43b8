import type { Tokenizer } from './tokenizer.js'

/** Text from ids that come one at a time, as a model makes them. */
export interface TokenTextDecoder {
  /**
   * Takes the next id and returns the text that is complete with it: `''` while a character still lacks bytes.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  push(id: number): string
  /** Ends the text: half a character that is left becomes U+FFFD. Afterwards the decoder is as new. */
  flush(): string
}

/**
 * A streaming decoder that never cuts a character: what `push` returned, joined, and then `flush`, is `decode` of all
 * ids together.
 */
export function createTextDecoder(tokenizer: Tokenizer): TokenTextDecoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return {
    push: (id) => decoder.decode(tokenizer.tokenBytes(id), { stream: true }),
    flush: () => decoder.decode(),
  }
}
