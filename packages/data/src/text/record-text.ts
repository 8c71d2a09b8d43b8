import { DataError } from '../data-error.js'
import { valueAt } from './field-path.js'
import type { Reading } from './read-options.js'

/** What {@link recordText} needs to know. */
export type RecordReading = Pick<Reading, 'owner' | 'textField' | 'missingText' | 'invalidText'>

/** The text of a record, or an error that lists the fields it does have; null for a record that is passed over. */
export function recordText(record: unknown, name: string, reading: RecordReading): string | null {
  const { owner, textField, missingText } = reading
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new DataError(
      'missing-field',
      `${owner}: ${name} must be an object with the field '${textField}', got ${kindOf(record)}.`,
    )
  }
  const text = valueAt(record, textField)
  if (typeof text === 'string') return unicodeText(text, name, reading)
  if (missingText === 'skip' && (text === undefined || text === null)) return null
  const found = text === undefined ? 'it is not there' : `it is not a string (${text === null ? 'null' : typeof text})`
  throw new DataError(
    'missing-field',
    `${owner}: ${name}: the text should be in the field '${textField}', but ${found}. ` +
      `The fields are: ${Object.keys(record).join(', ') || 'none'}. Choose one with textField` +
      `${text === undefined || text === null ? ", or pass over such records with missingText: 'skip'" : ''}.`,
  )
}

const loneSurrogate = /\p{Surrogate}/u

/** Text that came out of escapes, where a surrogate can stand alone. */
export function unicodeText(text: string, name: string, reading: RecordReading): string {
  if (isWellFormed(text)) return text
  if (reading.invalidText === 'replace') return text.replace(/\p{Surrogate}/gu, '\ufffd')
  const index = text.search(loneSurrogate)
  throw new DataError(
    'invalid-utf8',
    `${reading.owner}: ${name}: the text has a lone surrogate, \\u${text.charCodeAt(index).toString(16)}, at character ` +
      `${index}, which is not Unicode. Repair it, or give invalidText: 'replace'.`,
  )
}

function isWellFormed(text: string): boolean {
  const method = (text as { isWellFormed?: () => boolean }).isWellFormed // newer than our library of types
  return method ? method.call(text) : !loneSurrogate.test(text)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
