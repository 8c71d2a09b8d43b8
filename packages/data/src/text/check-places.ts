import { DataError } from '../data-error.js'
import type { Reading } from './read-options.js'

/**
 * Refuses a place of texts in a format that has no such places. Where the endings decide about formats, some files may
 * have them and others not, and nothing is refused.
 *
 * @throws {DataError} `invalid-argument`
 */
export function checkPlaces({ owner, format, textField, recordsPath }: Reading): void {
  const refuse = (option: string, formats: string): never => {
    const message = `${owner}: ${option} is for ${formats}, but format is '${format}'. Leave out one of them.`
    throw new DataError('invalid-argument', message)
  }
  if (recordsPath !== '' && format !== 'auto' && format !== 'json') refuse('recordsPath', 'json')
  const hasRecords = !['text', 'markdown', 'lines', 'paragraphs'].includes(format)
  if (textField !== 'text' && !hasRecords) refuse('textField', 'jsonl, json, csv, tsv and parquet')
}
