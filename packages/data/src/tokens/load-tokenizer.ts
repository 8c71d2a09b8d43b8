import { DataError } from '../data-error.js'
import { bpeTokenizer } from './bpe-tokenizer.js'
import { alphabetToBytes, bytesToAlphabet } from './byte-alphabet.js'
import { byteTokenizer } from './byte-tokenizer.js'
import { checkSpecialTokens } from './special-tokens.js'
import type { Tokenizer } from './tokenizer.js'

type Json = Readonly<Record<string, unknown>>

/**
 * A tokenizer from the parsed contents of a Hugging Face `tokenizer.json`. It reads byte-level BPE with GPT-2's
 * pre-tokenizer: what `toJSON` and `saveTokenizer` write, GPT-2's own file, files of the Python package made that way.
 *
 * @param json the parsed file
 * @throws {DataError} `unsupported-tokenizer` with the reason for every other kind of file, rather than wrong ids;
 *   `invalid-special-token`
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const file = asObject(json, 'the file')
  const model = asObject(file.model, 'model')
  requireValue(model.type, 'model.type', ['BPE', undefined]) // GPT-2's own file has no type
  requireByteLevel(file.pre_tokenizer, 'pre_tokenizer')
  requireByteLevel(file.decoder, 'decoder')
  for (const key of ['normalizer', 'truncation', 'padding']) requireValue(file[key], key, [null, undefined])
  if (file.post_processor !== null && file.post_processor !== undefined) {
    requireValue(asObject(file.post_processor, 'post_processor').type, 'post_processor.type', ['ByteLevel'])
  }
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback', 'ignore_merges']) {
    requireValue(model[key], `model.${key}`, [null, undefined, false, '', 0])
  }

  const specialTokens = readSpecialTokens(file.added_tokens)
  const idOfName = readVocabulary(model.vocab, specialTokens)
  const tokens = new Map<number, Uint8Array>()
  for (const [name, id] of idOfName) tokens.set(id, bytesOf(name))
  requireEveryByte(idOfName)
  requireEveryId([...tokens.keys(), ...specialTokens.values()])

  const pairs = readMerges(model.merges)
  const isByteTokenizer =
    pairs.length === 0 && tokens.size === 256 && [...tokens].every(([id, bytes]) => bytes[0] === id)
  if (isByteTokenizer) return byteTokenizer({ specialTokens: [...specialTokens.keys()] })

  const idOf = (name: string, merge: readonly string[]): number => {
    const id = idOfName.get(name)
    if (id !== undefined) return id
    throw unsupported(`the merge ${JSON.stringify(merge)} needs the token ${JSON.stringify(name)}, which vocab lacks`)
  }
  const merges = pairs.map(([left, right]) => {
    const merge = [left, right]
    return { left: idOf(left, merge), right: idOf(right, merge), merged: idOf(left + right, merge) }
  })
  return bpeTokenizer({ tokens, merges, specialTokens })
}

function unsupported(reason: string): DataError {
  return new DataError(
    'unsupported-tokenizer',
    `loadTokenizer: ${reason}. It reads byte-level BPE as written by saveTokenizer or in GPT-2's tokenizer.json.`,
  )
}

function asObject(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw unsupported(`${name} must be an object, got ${value === null ? 'null' : typeof value}`)
}

function requireValue(value: unknown, name: string, accepted: readonly unknown[]): void {
  if (accepted.includes(value)) return
  const expected = JSON.stringify(accepted[0])
  throw unsupported(`${name} must be ${expected}, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`)
}

function requireByteLevel(value: unknown, name: string): void {
  const step = asObject(value, name)
  requireValue(step.type, `${name}.type`, ['ByteLevel'])
  if (name !== 'pre_tokenizer') return
  requireValue(step.add_prefix_space, `${name}.add_prefix_space`, [false])
  requireValue(step.use_regex, `${name}.use_regex`, [true, undefined])
}

function readSpecialTokens(value: unknown): ReadonlyMap<string, number> {
  if (value !== undefined && !Array.isArray(value)) throw unsupported('added_tokens must be a list')
  const tokens = (value ?? []).map((entry: unknown, index: number) => {
    const name = `added_tokens[${index}]`
    const token = asObject(entry, name)
    if (typeof token.content !== 'string' || !Number.isSafeInteger(token.id)) {
      throw unsupported(`${name} must have content (a string) and id (a whole number)`)
    }
    requireValue(token.special, `${name}.special`, [true])
    for (const key of ['single_word', 'lstrip', 'rstrip']) {
      requireValue(token[key], `${name}.${key}`, [false, undefined])
    }
    return { content: token.content, id: token.id as number }
  })
  checkSpecialTokens(
    'loadTokenizer',
    tokens.map(({ content }) => content),
  )
  return new Map(tokens.sort((left, right) => left.id - right.id).map(({ content, id }) => [content, id]))
}

/** The ordinary tokens: a special token may be in `vocab` too, under the same id. */
function readVocabulary(value: unknown, specialTokens: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const vocabulary = new Map<string, number>()
  for (const [name, id] of Object.entries(asObject(value, 'model.vocab'))) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
      throw unsupported(`model.vocab gives ${JSON.stringify(name)} the id ${JSON.stringify(id)}`)
    }
    if (specialTokens.get(name) !== id) vocabulary.set(name, id)
  }
  return vocabulary
}

function bytesOf(name: string): Uint8Array {
  const bytes = alphabetToBytes(name)
  if (bytes !== undefined && bytes.length > 0) return bytes
  throw unsupported(`the token ${JSON.stringify(name)} in model.vocab is not written in the byte alphabet`)
}

function requireEveryByte(idOfName: ReadonlyMap<string, number>): void {
  for (let byte = 0; byte < 256; byte++) {
    if (idOfName.has(bytesToAlphabet(Uint8Array.of(byte)))) continue
    throw unsupported(`model.vocab has no token for byte ${byte}, so some texts could not be encoded`)
  }
}

function requireEveryId(ids: readonly number[]): void {
  const sorted = ids.toSorted((left, right) => left - right)
  const wrong = sorted.findIndex((id, index) => id !== index)
  if (wrong === -1) return
  const found = `in place of ${wrong} there is ${sorted[wrong]}`
  throw unsupported(`the ids must be 0 to ${ids.length - 1}, each once, but ${found}`)
}

function readMerges(value: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(value)) throw unsupported('model.merges must be a list')
  return value.map((entry: unknown, index) => {
    const parts: readonly unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : []
    const [left, right] = parts
    if (parts.length === 2 && typeof left === 'string' && typeof right === 'string') return [left, right] as const
    throw unsupported(`model.merges[${index}] must be "left right" or ["left", "right"], got ${JSON.stringify(entry)}`)
  })
}
