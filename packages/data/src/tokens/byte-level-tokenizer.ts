import { DataError } from '../data-error.js'
import { bytesToAlphabet } from './byte-alphabet.js'
import { specialTokenSplitter } from './special-tokens.js'
import { TokenBuffer } from './token-buffer.js'
import type { ByteLevelTokenizer } from './tokenizer.js'
import type { AddedTokenJson, ByteLevelJson, ByteLevelTokenizerJson } from './tokenizer-json.js'

/** What makes one byte-level tokenizer differ from another. */
export interface ByteLevelParts {
  kind: ByteLevelTokenizer['kind']
  /** The bytes of every id that is not special; the ids of special tokens are left out. */
  tokens: ReadonlyMap<number, Uint8Array>
  /** Pairs of ids, the first to be merged first. */
  merges: readonly (readonly [left: number, right: number])[]
  specialTokens: ReadonlyMap<string, number>
  /** Adds the ids of a text without special tokens to `output`. */
  encodeOrdinary: (text: string, output: TokenBuffer) => void
}

/** Everything that byte and BPE tokenizers share: special tokens, decoding and the file format. */
export function byteLevelTokenizer(parts: ByteLevelParts): ByteLevelTokenizer {
  const { kind, tokens, merges, specialTokens, encodeOrdinary } = parts
  const vocabSize = tokens.size + specialTokens.size
  const names = new Map<number, string>([...tokens].map(([id, bytes]) => [id, bytesToAlphabet(bytes)]))
  const ordinaryNames = new Set(names.values())
  const bytesOfId = new Map(tokens)
  for (const [token, id] of specialTokens) {
    if (ordinaryNames.has(token)) {
      throw new DataError(
        'invalid-special-token',
        `special token ${JSON.stringify(token)} is already a token of the vocabulary. Choose one that text does not ` +
          'have, such as <|endoftext|>.',
      )
    }
    names.set(id, token)
    bytesOfId.set(id, new TextEncoder().encode(token))
  }
  const splitAtSpecialTokens = specialTokenSplitter(specialTokens.keys())

  const lookUp = (owner: string, id: number): Uint8Array => {
    const bytes = bytesOfId.get(id)
    if (bytes !== undefined) return bytes
    throw new DataError(
      'token-out-of-range',
      `${owner}: ids are whole numbers from 0 to ${vocabSize - 1}, got ${id}. Was the text encoded with another ` +
        'tokenizer?',
    )
  }

  return {
    kind,
    vocabSize,
    specialTokens,
    encode(text) {
      const output = new TokenBuffer()
      for (const { piece, isSpecial } of splitAtSpecialTokens(text)) {
        if (isSpecial) output.append([specialTokens.get(piece)!])
        else encodeOrdinary(piece, output)
      }
      return output.toArray()
    },
    decode(ids) {
      const pieces = Array.from(ids, (id) => lookUp('decode', id))
      const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
      let offset = 0
      for (const piece of pieces) {
        bytes.set(piece, offset)
        offset += piece.length
      }
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    },
    tokenBytes(id) {
      return lookUp('tokenBytes', id).slice()
    },
    toJSON(): ByteLevelTokenizerJson {
      const byteLevel: ByteLevelJson = {
        type: 'ByteLevel',
        add_prefix_space: false,
        trim_offsets: true,
        use_regex: true,
      }
      const ids = [...names.keys()].sort((left, right) => left - right)
      return {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: [...specialTokens]
          .sort(([, left], [, right]) => left - right)
          .map(([content, id]) => addedToken(content, id)),
        normalizer: null,
        pre_tokenizer: byteLevel,
        post_processor: null,
        decoder: { ...byteLevel },
        model: {
          type: 'BPE',
          dropout: null,
          unk_token: null,
          continuing_subword_prefix: null,
          end_of_word_suffix: null,
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          vocab: Object.fromEntries(ids.map((id) => [names.get(id)!, id])),
          merges: merges.map(([left, right]) => `${names.get(left)!} ${names.get(right)!}`),
        },
      }
    },
  }
}

function addedToken(content: string, id: number): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
}
