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

interface Container {
  readonly isList: boolean
  /** Of the value that is read in it. */
  key: string
}

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
  const wanted = recordsPath === '' ? [] : segmentsOf(recordsPath.replace(/^\[(\d+)\]/, '$1'))
  const tokenizer = newTokenizer()
  let parser: TokenParser | null = null
  let documents: Document[] = []
  const fields: string[] = [] // of the object that the file is
  let before: TokenType = TokenType.COMMA
  let [elements, depth] = [0, 0]
  let [end, lastElement] = [0, 0] // bytes of the text of the file
  let origin: number | null = null // after a byte order mark
  const place: Container[] = [] // the containers that are open, as far down as the array of records may be
  let hasArray = false
  let isObject = false

  const failure = (reason: string, cause?: unknown): DataError => {
    const wayOut =
      parser?.isEnded === true
        ? "If it has one record a line, give format: 'jsonl'."
        : "To read it as plain text, give format: 'text'."
    return new DataError('invalid-json', `${owner}: ${name} is not JSON: ${reason}. ${wayOut}`, { cause })
  }
  const take = (value: unknown, key: unknown): void => {
    const element = typeof key === 'number' ? `${name}[${key}]` : name
    const text = typeof value === 'string' ? unicodeText(value, element, reading) : recordText(value, element, reading)
    elements++
    lastElement = end
    if (text !== null) documents.push({ text, name: element })
  }
  const start = (first: TokenType): TokenParser => {
    isObject = first === TokenType.LEFT_BRACE
    const isRecord = first !== TokenType.LEFT_BRACKET && recordsPath === ''
    const created = new TokenParser({ paths: [isRecord ? '$' : ['$', ...wanted, '*'].join('.')], keepStack: false })
    created.onValue = ({ value, key, parent }) => {
      if (isRecord) advisingRecordsPath(value, () => take(value, undefined))
      else if (Array.isArray(parent)) take(value, key)
    }
    return created
  }
  tokenizer.onToken = ({ token, value, offset }) => {
    end = origin! + offset
    parser ??= start(token)
    const isList = token === TokenType.LEFT_BRACKET
    if (isList && depth === wanted.length) hasArray ||= wanted.every((segment, at) => place[at]!.key === segment)
    if (isList || token === TokenType.LEFT_BRACE) {
      if (depth < wanted.length) place[depth] = { isList, key: isList ? '0' : '' }
      depth++
    } else if (depth > 0 && depth <= wanted.length) {
      const open = place[depth - 1]!
      if (open.isList && token === TokenType.COMMA) open.key = String(Number(open.key) + 1)
      if (!open.isList && token === TokenType.STRING && before !== TokenType.COLON) open.key = String(value)
    }
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
  if (elements > 0 || (hasArray && recordsPath === '')) return
  if (hasArray) {
    const empty = `the array at recordsPath '${recordsPath}' is empty. Remove the file from the source`
    throw new DataError('empty-text', `${owner}: ${name}: ${empty}.`)
  }
  const found = fields.length > 0 ? ` The fields at its top are: ${fields.join(', ')}.` : ''
  const where = `has no array with records or texts at recordsPath '${recordsPath}'`
  throw new DataError('missing-field', `${owner}: ${name} ${where}.${found}`)
}

/** A file that is no record may have the records in one of its fields. */
function advisingRecordsPath(value: unknown, work: () => void): void {
  try {
    work()
  } catch (cause) {
    const holdsMore = Object.values(value ?? {}).some((field) => typeof field === 'object' && field !== null)
    if (!(cause instanceof DataError && cause.code === 'missing-field' && holdsMore)) throw cause
    const message = `${cause.message} If the records are in an array below, name it with recordsPath.`
    throw new DataError(cause.code, message, { cause })
  }
}
