import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { DataError } from '../../data-error.js'
import { shown, unsupportedTokenizer, type CheckedTokenizerJson, type Json } from '../check-tokenizer-json.js'
import { TokenBuffer } from '../token-buffer.js'
import type { Tokenizer } from '../tokenizer.js'
import type { AddedTokenJson, TokenizerJson } from '../tokenizer-json.js'
import { addedTokenSplitter } from './added-token-splitter.js'
import { bpeWordEncoder } from './bpe-word-encoder.js'
import { libraryNormalizer } from './library-normalizer.js'
import { libraryPreTokenizer } from './library-pre-tokenizer.js'
import { tokenText } from './token-text.js'

/**
 * A tokenizer that `@huggingface/tokenizers` normalizes and cuts text for, and encodes unless it is BPE. Added tokens
 * are found and ids turned to text here, so that text comes out token by token too.
 *
 * @throws {DataError} `unsupported-tokenizer` for what would have other ids than in the Python package
 */
export function huggingFaceTokenizer(checked: CheckedTokenizerJson): Tokenizer {
  const { file, vocab, addedTokens } = checked
  const { bytesOf, atStart } = tokenText(file.decoder)
  const tokenOfId = new Map([...vocab].map(([token, id]) => [id, token]))
  const { encodePiece, normalize } = pieceEncoder(checked)
  const splitAtAddedTokens = addedTokenSplitter(addedTokens.filter((token) => !isFoundNormalized(token, file)))

  for (const token of addedTokens) {
    tokenOfId.set(token.id, isFoundNormalized(token, file) ? normalize(token.content) : token.content)
  }
  const vocabSize = [...tokenOfId.keys()].reduce((last, id) => Math.max(last, id), 0) + 1

  const known = new Map<number, Uint8Array>()
  const lookUp = (owner: string, id: number): Uint8Array => {
    let bytes = known.get(id)
    if (bytes !== undefined) return bytes
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new DataError(
        'token-out-of-range',
        `${owner}: ids are whole numbers from 0 to ${vocabSize - 1}, got ${id}. Was the text encoded with another ` +
          'tokenizer?',
      )
    }
    const token = tokenOfId.get(id)
    bytes = token === undefined ? new Uint8Array(0) : bytesOf(token)
    known.set(id, bytes)
    return bytes
  }

  return {
    kind: 'hugging-face',
    vocabSize,
    specialTokens: new Map(addedTokens.filter(({ special }) => special).map(({ content, id }) => [content, id])),
    encode(text) {
      const output = new TokenBuffer()
      for (const { piece, id, start } of splitAtAddedTokens(text.replace(/\p{Surrogate}/gu, '\ufffd'))) {
        if (id !== null) output.append([id])
        else if (piece !== '') encodePiece(piece, start === 0, output)
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
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(atStart(bytes))
    },
    tokenBytes(id) {
      return lookUp('tokenBytes', id).slice()
    },
    toJSON() {
      return structuredClone(file) as unknown as TokenizerJson
    },
  }
}

/** Whether a token is looked for after the normalizer; it is then as the normalizer would have it. */
function isFoundNormalized({ normalized }: AddedTokenJson, { normalizer }: Json): boolean {
  return normalized && normalizer !== null && normalizer !== undefined
}

interface PieceEncoder {
  /** Adds the ids of a text between added tokens. */
  encodePiece: (piece: string, isAtStart: boolean, output: TokenBuffer) => void
  normalize: (text: string) => string
}

function pieceEncoder(checked: CheckedTokenizerJson): PieceEncoder {
  const { file } = checked
  const model = libraryModel(checked)
  const normalizers = libraryNormalizer(file.normalizer)
  const addedTokens = checked.addedTokens.filter((token) => isFoundNormalized(token, file))
  requirePlain(addedTokens, file)
  const libraryFor = (isAtStart: boolean): LibraryTokenizer => {
    const pretokenizers = libraryPreTokenizer(file.pre_tokenizer, isAtStart)
    const steps = {
      added_tokens: addedTokens,
      normalizer: normalizers.length === 0 ? null : { type: 'Sequence', normalizers },
      pre_tokenizer: pretokenizers.length === 0 ? null : { type: 'Sequence', pretokenizers },
      post_processor: null,
      decoder: null,
      model,
    }
    try {
      return new LibraryTokenizer(steps, { unk_token: model.unk_token })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new DataError('unsupported-tokenizer', `loadTokenizer: @huggingface/tokenizers refuses it: ${reason}`, {
        cause,
      })
    }
  }
  const atStart = libraryFor(true)
  const elsewhere = JSON.stringify(file.pre_tokenizer ?? null).includes('"first"') ? libraryFor(false) : atStart
  const normalize = (text: string): string => atStart.normalizer?.normalize(text) ?? text
  const inOneGo: PieceEncoder['encodePiece'] = (piece, isAtStart, output) =>
    output.append((isAtStart ? atStart : elsewhere).encode(piece, { add_special_tokens: false }).ids)
  if (checked.type !== 'BPE' || addedTokens.length > 0) return { encodePiece: inOneGo, normalize }

  const encodeWord = bpeWordEncoder(checked)
  return {
    normalize,
    encodePiece(piece, isAtStart, output) {
      const text = normalize(piece)
      if (text === '') return
      const preTokenizer = (isAtStart ? atStart : elsewhere).pre_tokenizer
      for (const word of preTokenizer?.pre_tokenize(text, { section_index: 0 }) ?? [text]) encodeWord(word, output)
    },
  }
}

/** The model, if the library makes the ids of the Python package with it. */
function libraryModel({ model, type, vocab }: CheckedTokenizerJson): Json {
  const refuse = (key: string): Error =>
    unsupportedTokenizer(`model.${key} is ${shown(model[key])}, which gives other ids here than in Python or none`)
  const isNothing = (key: string): boolean => [null, undefined, false, '', 0].includes(model[key] as null)
  const requireUnknown = (token: unknown): void => {
    if (typeof token === 'string' && vocab.has(token)) return
    throw unsupportedTokenizer(`model.vocab must have the token for what is unknown, ${shown(token)}`)
  }
  switch (type) {
    case 'BPE': {
      const strange = ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix'].find((key) => !isNothing(key))
      if (strange !== undefined) throw refuse(strange)
      if (!isNothing('unk_token')) requireUnknown(model.unk_token)
      return { ...model, type, end_of_word_suffix: null }
    }
    case 'Unigram':
      if (!isNothing('byte_fallback')) throw refuse('byte_fallback')
      if (!Number.isInteger(model.unk_id) || [...vocab.values()][model.unk_id as number] === undefined) {
        throw refuse('unk_id')
      }
      return model
    case 'WordPiece':
      requireUnknown(model.unk_token)
      return { continuing_subword_prefix: '##', ...model }
  }
}

/** The library finds tokens in normalized text; only those without conditions as the Python package does. */
function requirePlain(addedTokens: readonly AddedTokenJson[], file: Json): void {
  const strange = addedTokens.find(({ single_word, lstrip, rstrip }) => single_word || lstrip || rstrip)
  if (strange !== undefined) {
    throw unsupportedTokenizer(
      `the added token ${shown(strange.content)} is normalized and has single_word, lstrip or rstrip, which is not read`,
    )
  }
  if (addedTokens.length > 0 && JSON.stringify(file.pre_tokenizer ?? null).includes('"first"')) {
    throw unsupportedTokenizer('added tokens that are normalized, with prepend_scheme "first", are not read')
  }
}
