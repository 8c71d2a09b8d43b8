import type { ByteLevelTokenizerJson, TokenizerJson } from './tokenizer-json.js'

/**
 * Text to token ids and back. Made by `byteTokenizer`, `trainBpe`, `loadTokenizer`, `gpt2Tokenizer`, and from files by
 * `readTokenizer`.
 */
export interface Tokenizer {
  /**
   * `byte`: one token a byte. `bpe`: byte-level byte-pair encoding with GPT-2's words. `hugging-face`: any other
   * `tokenizer.json`, encoded by the library `@huggingface/tokenizers`.
   */
  readonly kind: 'byte' | 'bpe' | 'hugging-face'
  /** How many ids there are, special tokens included; ids are 0 … vocabSize − 1. */
  readonly vocabSize: number
  /** Special tokens by their text. `encode` gives such a text its one id; nothing is ever merged across it. */
  readonly specialTokens: ReadonlyMap<string, number>
  /**
   * The ids of `text`, without any token before or after it: no beginning of sequence, no end. A lone surrogate, which
   * UTF-8 cannot carry, becomes U+FFFD.
   */
  encode(text: string): Int32Array
  /**
   * The text of `ids`, special tokens included. Of `byte` and `bpe`, `decode(encode(text))` is `text`, with U+FFFD for
   * lone surrogates. A `hugging-face` tokenizer gives its normalized text, and takes away the space that it puts
   * before a text. Bytes that are not UTF-8, such as half a character, become U+FFFD too; `createTextDecoder` waits for
   * the rest.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  decode(ids: ArrayLike<number>): string
  /**
   * The bytes that one id stands for inside a text, as a copy: UTF-8 or a part of it. None for an id that a
   * `tokenizer.json` leaves out.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  tokenBytes(id: number): Uint8Array
  /** The contents of a Hugging Face `tokenizer.json`; `loadTokenizer` makes the same tokenizer of it. */
  toJSON(): TokenizerJson
}

/** A tokenizer whose tokens are bytes, or rows of them that were learned. */
export interface ByteLevelTokenizer extends Tokenizer {
  readonly kind: 'byte' | 'bpe'
  /** The contents of a Hugging Face `tokenizer.json`; `loadTokenizer` makes the same tokenizer of it. */
  toJSON(): ByteLevelTokenizerJson
}
