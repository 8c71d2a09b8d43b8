import { DataError } from '../data-error.js'

/** The text of a record, or an error that lists the fields it does have. */
export function recordText(record: unknown, textField: string, name: string): string {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    const kind = record === null ? 'null' : Array.isArray(record) ? 'an array' : `a ${typeof record}`
    throw new DataError(
      'missing-field',
      `readDocuments: ${name} must be an object with the field '${textField}', got ${kind}.`,
    )
  }
  const text: unknown = Object.hasOwn(record, textField) ? Reflect.get(record, textField) : undefined
  if (typeof text === 'string') return text
  const found = text === undefined ? 'it is not there' : `it is not a string (${text === null ? 'null' : typeof text})`
  throw new DataError(
    'missing-field',
    `readDocuments: ${name}: the text should be in the field '${textField}', but ${found}. ` +
      `The fields are: ${Object.keys(record).join(', ') || 'none'}. Choose one with textField.`,
  )
}
