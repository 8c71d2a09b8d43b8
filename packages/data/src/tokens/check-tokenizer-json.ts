import { DataError } from '../data-error.js'
import { checkSpecialTokens } from './special-tokens.js'
import type { AddedTokenJson } from './tokenizer-json.js'

/** An object of a parsed file. */
export type Json = Readonly<Record<string, unknown>>

/** A `tokenizer.json` whose parts fit together. */
export interface CheckedTokenizerJson {
  file: Json
  model: Json
  type: 'BPE' | 'Unigram' | 'WordPiece'
  /** Ids by token; added tokens may be among them. */
  vocab: ReadonlyMap<string, number>
  /** Of BPE, else none. */
  merges: readonly (readonly [left: string, right: string])[]
  /** In the order of their ids. */
  addedTokens: readonly AddedTokenJson[]
}

const mostIds = 2 ** 24

/**
 * Checks that a parsed `tokenizer.json` is whole: every id once, every merge of tokens that are there.
 *
 * @throws {DataError} `unsupported-tokenizer` with the reason; `invalid-special-token`
 */
export function checkTokenizerJson(json: unknown): CheckedTokenizerJson {
  const file = asObject(json, 'the file')
  const model = asObject(file.model, 'model')
  const type = modelType(model)
  const vocab = type === 'Unigram' ? readScores(model.vocab) : readVocabulary(model.vocab)
  const addedTokens = readAddedTokens(file.added_tokens)
  requireIdsOnce(vocab, addedTokens)
  const merges = type === 'BPE' ? readMerges(model.merges, vocab) : []
  return { file, model, type, vocab, merges, addedTokens }
}

/** The error for a file that is not read, or not in one piece. */
export function unsupportedTokenizer(reason: string): DataError {
  return new DataError('unsupported-tokenizer', `loadTokenizer: ${reason}.`)
}

/** A part of a file that must be an object. */
export function asObject(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  const came = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  throw unsupportedTokenizer(`${name} must be an object, got ${came}. Give the parsed contents of a tokenizer.json`)
}

/** A value of a file as an error shows it. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function modelType({ type, vocab, merges }: Json): CheckedTokenizerJson['type'] {
  if (type === 'BPE' || type === 'Unigram' || type === 'WordPiece') return type
  if (type === undefined && merges !== undefined && vocab !== undefined) return 'BPE' // GPT-2's own file has no type
  const known = '"BPE", "Unigram" or "WordPiece"'
  throw unsupportedTokenizer(`model.type must be ${known}, got ${shown(type)}. Other models are not read`)
}

function checkId(id: unknown, owner: string): number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 && id < mostIds) return id
  throw unsupportedTokenizer(`${owner} the id ${shown(id)}; ids are whole numbers from 0 to ${mostIds - 1}`)
}

function readVocabulary(value: unknown): ReadonlyMap<string, number> {
  const entries = Object.entries(asObject(value, 'model.vocab'))
  for (const [token, id] of entries) checkId(id, `model.vocab gives ${JSON.stringify(token)}`)
  return new Map(entries as [string, number][])
}

function readScores(value: unknown): ReadonlyMap<string, number> {
  if (!Array.isArray(value)) throw unsupportedTokenizer('model.vocab must be a list of tokens with their scores')
  const vocab = new Map<string, number>()
  for (const [id, entry] of value.entries()) {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw unsupportedTokenizer(`model.vocab[${id}] must be a token with its score, got ${shown(entry)}`)
    }
    if (vocab.has(token)) throw unsupportedTokenizer(`model.vocab has the token ${shown(token)} twice`)
    vocab.set(token, id)
  }
  return vocab
}

function readAddedTokens(value: unknown): readonly AddedTokenJson[] {
  if (value !== undefined && value !== null && !Array.isArray(value)) {
    throw unsupportedTokenizer('added_tokens must be a list')
  }
  const tokens = (value ?? []).map((entry: unknown, index: number): AddedTokenJson => {
    const name = `added_tokens[${index}]`
    const token = asObject(entry, name)
    if (typeof token.content !== 'string' || token.id === undefined) {
      throw unsupportedTokenizer(`${name} must have content (a string) and id (a whole number)`)
    }
    const isTrue = (key: string, otherwise: boolean): boolean => {
      const given = token[key] ?? otherwise
      if (typeof given === 'boolean') return given
      throw unsupportedTokenizer(`${name}.${key} must be true or false, got ${shown(given)}`)
    }
    const special = isTrue('special', false)
    return {
      id: checkId(token.id, `${name} has`),
      content: token.content,
      single_word: isTrue('single_word', false),
      lstrip: isTrue('lstrip', false),
      rstrip: isTrue('rstrip', false),
      normalized: isTrue('normalized', !special),
      special,
    }
  })
  checkSpecialTokens(
    'loadTokenizer',
    tokens.map(({ content }) => content),
  )
  return tokens.sort((left, right) => left.id - right.id)
}

/** An added token may be in the vocabulary too, under the same id. */
function requireIdsOnce(vocab: ReadonlyMap<string, number>, addedTokens: readonly AddedTokenJson[]): void {
  const tokenOfId = new Map<number, string>()
  for (const [token, id] of [...vocab, ...addedTokens.map(({ content, id }) => [content, id] as const)]) {
    const other = tokenOfId.get(id)
    if (other !== undefined && other !== token) {
      throw unsupportedTokenizer(
        `the id ${id} belongs to ${shown(other)} and to ${shown(token)}. Give each one of its own`,
      )
    }
    const inVocab = vocab.get(token)
    if (inVocab !== undefined && inVocab !== id) {
      throw unsupportedTokenizer(`${shown(token)} has the id ${inVocab} in model.vocab and ${id} in added_tokens`)
    }
    tokenOfId.set(id, token)
  }
  if (tokenOfId.size === 0) throw unsupportedTokenizer('model.vocab has no tokens')
}

function readMerges(value: unknown, vocab: ReadonlyMap<string, number>): readonly (readonly [string, string])[] {
  if (!Array.isArray(value)) throw unsupportedTokenizer(`model.merges must be a list, got ${shown(value)}`)
  return value.map((entry: unknown, index) => {
    const parts: readonly unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : []
    const [left, right] = parts
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      const expected = `must be "left right" or ["left", "right"]`
      throw unsupportedTokenizer(`model.merges[${index}] ${expected}, got ${shown(entry)}`)
    }
    for (const token of [left, right, left + right]) {
      if (vocab.has(token)) continue
      throw unsupportedTokenizer(
        `the merge ${shown([left, right])} (model.merges[${index}]) needs the token ${shown(token)}, which vocab lacks`,
      )
    }
    return [left, right] as const
  })
}
