import type { TokenizerJson } from './tokenizer-json.js'

/** Text to token ids and back. Made by `byteTokenizer`, `trainBpe`, `loadTokenizer` or `readTokenizer`. */
export interface Tokenizer {
  /** `byte`: one token a byte. `bpe`: byte-level byte-pair encoding. */
  readonly kind: 'byte' | 'bpe'
  /** How many ids there are, special tokens included; ids are 0 … vocabSize − 1. */
  readonly vocabSize: number
  /** Special tokens by their text. `encode` gives such a text its one id; nothing is ever merged across it. */
  readonly specialTokens: ReadonlyMap<string, number>
  /** The ids of `text`. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD. */
  encode(text: string): Int32Array
  /**
   * The text of `ids`, special tokens included. `decode(encode(text))` is `text`, with U+FFFD for lone surrogates.
   * Bytes that are not UTF-8, such as half a character, become U+FFFD too; `createTextDecoder` waits for the rest.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  decode(ids: ArrayLike<number>): string
  /**
   * The bytes that one id stands for, as a copy: UTF-8 or a part of it.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  tokenBytes(id: number): Uint8Array
  /** The contents of a standard Hugging Face `tokenizer.json`; `loadTokenizer` reads it back. */
  toJSON(): TokenizerJson
}
