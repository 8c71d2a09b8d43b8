import { Tokenizer, TokenParser, TokenType } from '@streamparser/json'
import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import { segmentsOf } from '../field-path.js'
import { longestText } from '../longest-text.js'
import type { Reading } from '../read-options.js'
import { recordText, unicodeText } from '../record-text.js'
import type { TextChunk } from './valid-text.js'

/** Deeper nesting would take the parser a time that grows with the square of the depth. */
const deepest = 10_000

/** The library's decoder takes U+FEFF out of strings, and there is no option against it. */
function newTokenizer(): Tokenizer {
  const tokenizer = new Tokenizer()
  const { bufferedString } = tokenizer as unknown as { bufferedString: { decoder: TextDecoder } }
  bufferedString.decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return tokenizer
}

/** A document for each element of an array of records or strings, or for an object that is a record itself. */
export async function* jsonDocuments(chunks: AsyncIterable<TextChunk>, reading: Reading): AsyncGenerator<Document[]> {
  const { owner, name, recordsPath } = reading
  const tokenizer = newTokenizer()
  let parser: TokenParser | null = null
  let documents: Document[] = []
  const fields: string[] = [] // of the object that the file is
  let before: TokenType = TokenType.COMMA
  let [elements, depth] = [0, 0]
  let [end, lastElement] = [0, 0] // bytes of the text of the file
  let origin: number | null = null // after a byte order mark
  let isArray = false
  let isObject = false

  const failure = (reason: string, cause?: unknown): DataError => {
    const wayOut =
      parser?.isEnded === true
        ? "If it has one record a line, give format: 'jsonl'."
        : "To read it as plain text, give format: 'text'."
    return new DataError('invalid-json', `${owner}: ${name} is not JSON: ${reason}. ${wayOut}`, { cause })
  }
  const take = (value: unknown, key: unknown): void => {
    const place = typeof key === 'number' ? `${name}[${key}]` : name
    const text = typeof value === 'string' ? unicodeText(value, place, reading) : recordText(value, place, reading)
    elements++
    lastElement = end
    if (text !== null) documents.push({ text, name: place })
  }
  const start = (first: TokenType): TokenParser => {
    isArray = first === TokenType.LEFT_BRACKET && recordsPath === ''
    isObject = first === TokenType.LEFT_BRACE
    const isRecord = first !== TokenType.LEFT_BRACKET && recordsPath === ''
    const path = recordsPath === '' ? '' : `.${segmentsOf(recordsPath).join('.')}`
    const created = new TokenParser({ paths: [isRecord ? '$' : `$${path}.*`], keepStack: false })
    created.onValue = ({ value, key, parent }) => {
      if (isRecord || Array.isArray(parent)) take(value, isRecord ? undefined : key)
    }
    return created
  }
  tokenizer.onToken = ({ token, value, offset }) => {
    end = origin! + offset
    parser ??= start(token)
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) depth++
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth--
    if (depth > deepest) throw failure(`at byte ${end} it is nested more than ${deepest} deep`)
    const isKey = isObject && depth === 1 && token === TokenType.STRING && before !== TokenType.COLON
    if (isKey && fields.length < 20) fields.push(String(value))
    before = token
    parser.write({ token, value })
  }
  const guarded = (work: () => void): void => {
    try {
      work()
    } catch (cause) {
      if (cause instanceof DataError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      const absolute = /absolute position "(\d+)"/.exec(message)?.[1]
      const position = absolute === undefined ? end : Number(absolute) + (origin ?? 0)
      const what = /^Unexpected (?:[A-Z_]+ \()?("(?:[^"\\]|\\.)*"|\w+)/s.exec(message)?.[1]
      throw failure(what === undefined ? message : `unexpected ${what} at byte ${position}`, cause)
    }
  }

  for await (const { bytes, start: chunkStart } of chunks) {
    origin ??= chunkStart
    guarded(() => tokenizer.write(bytes))
    if (chunkStart + bytes.length - lastElement > longestText) {
      throw new DataError(
        'unreadable-file',
        `${owner}: ${name}: what follows byte ${lastElement} is a record of more than ${longestText} bytes, the most ` +
          'that one document can have. If the records are in an array deeper down, name it with recordsPath.',
      )
    }
    if (documents.length > 0) yield documents
    documents = []
  }
  guarded(() => {
    if (!tokenizer.isEnded) tokenizer.end()
  })
  const finished = parser as TokenParser | null
  if (finished === null) return // an empty file
  if (!finished.isEnded) throw failure(`it ends after byte ${end}, before the JSON does`)
  if (documents.length > 0) yield documents
  if (elements > 0 || isArray) return
  const found = fields.length > 0 ? ` The fields at its top are: ${fields.join(', ')}.` : ''
  const where = `has no array with records or texts at recordsPath '${recordsPath}'`
  throw new DataError('missing-field', `${owner}: ${name} ${where}.${found}`)
}
