import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import { longestText } from '../longest-text.js'
import type { Reading } from '../read-options.js'
import type { TextChunk } from './valid-text.js'

const [quote, newline, carriageReturn] = [0x22, 0x0a, 0x0d]

/**
 * A document for each row of a table with a header (RFC 4180). Rows end in CR, LF or both; a quote counts as one only
 * where it begins a field; lines without a character are passed over.
 *
 * @param delimiter - the byte between fields
 */
export async function* tableDocuments(
  chunks: AsyncIterable<TextChunk>,
  delimiter: number,
  reading: Reading,
): AsyncGenerator<Document[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const { owner, name } = reading
  let header: string[] | null = null
  let textColumn = 0
  let names: string[] = [] // of the header, as it comes
  let pieces: Uint8Array[] = [] // of the field, where it is wanted
  let text = ''
  let column = 0
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start' // of the field
  let isQuoted = false
  let afterReturn = false
  let [line, rowLine, quoteLine] = [1, 1, 1]
  let [rowStart, quoteStart] = [0, 0] // bytes
  let documents: Document[] = []

  const keep = (bytes: Uint8Array, from: number, to: number): void => {
    if (from < to && (header === null || column === textColumn)) pieces.push(bytes.subarray(from, to))
  }
  const endField = (): void => {
    const value = pieces.map((piece) => decoder.decode(piece)).join('')
    if (header === null) names.push(value)
    else if (column === textColumn) text = value
    pieces = []
    column++
    state = 'start'
  }
  const endRow = (next: number): void => {
    const isBlank = column === 0 && !isQuoted && state !== 'plain'
    endField()
    if (isBlank) names = []
    else if (header === null) {
      header = names
      textColumn = columnOf(header, delimiter, reading)
    } else if (column !== header.length) {
      throw new DataError(
        'invalid-csv',
        `${owner}: ${name}:${rowLine}: the row has ${column} fields, but the header has ${header.length} (the row begins ` +
          `at byte ${rowStart}). Put fields with ${shown(delimiter)}, quotes or line ends in quotes.`,
      )
    } else documents.push({ text, name: `${name}:${rowLine}` })
    column = 0
    isQuoted = false
    line++
    rowLine = line
    rowStart = next
  }

  for await (const { bytes, start } of chunks) {
    if (header === null && rowStart < start && column === 0 && state === 'start') rowStart = start
    let nextNewline = newlineFrom(bytes, 0) // looked for once each, however often quotes divide the field
    for (let index = 0; index < bytes.length;) {
      const byte = bytes[index]!
      if (afterReturn) {
        afterReturn = false
        if (byte === newline) {
          rowStart = start + ++index
          continue
        }
      }
      if (state === 'start' && byte === quote) {
        state = 'quoted'
        isQuoted = true
        ;[quoteLine, quoteStart] = [line, start + index]
        index++
      } else if (state === 'quoted') {
        const found = bytes.indexOf(quote, index)
        const to = found === -1 ? bytes.length : found
        for (; nextNewline < to; nextNewline = newlineFrom(bytes, nextNewline + 1)) if (nextNewline >= index) line++
        keep(bytes, index, to)
        if (found !== -1) state = 'closed'
        index = to + 1
      } else if (byte === delimiter) {
        endField()
        index++
      } else if (byte === newline || byte === carriageReturn) {
        afterReturn = byte === carriageReturn
        index++
        endRow(start + index)
      } else if (state === 'closed') {
        if (byte !== quote) {
          throw new DataError(
            'invalid-csv',
            `${owner}: ${name}:${line}: after the quote that closes a field comes ` +
              `${JSON.stringify(String.fromCharCode(byte))} at byte ${start + index}, not ${shown(delimiter)} or the ` +
              'end of the row. Double the quotes inside of quoted fields.',
          )
        }
        keep(bytes, index, ++index)
        state = 'quoted'
      } else {
        let to = index
        while (to < bytes.length && !endsPlain(bytes[to]!, delimiter)) to++
        keep(bytes, index, to)
        state = 'plain'
        index = to
      }
    }
    if (start + bytes.length - rowStart > longestText) {
      throw new DataError(
        'unreadable-file',
        `${owner}: ${name}:${rowLine} is a row of more than ${longestText} bytes (it begins at byte ${rowStart}), the ` +
          'most that one document can have. Divide it, or look for a quote that is not closed.',
      )
    }
    if (documents.length > 0) yield documents
    documents = []
  }
  if ((state as string) === 'quoted') {
    throw new DataError(
      'invalid-csv',
      `${owner}: ${name}:${quoteLine}: the file ends inside a quoted field; the quote at byte ${quoteStart} is not ` +
        'closed. Close it, or check that the file is complete.',
    )
  }
  if (state !== 'start' || column > 0) endRow(rowStart)
  if (documents.length > 0) yield documents
}

function newlineFrom(bytes: Uint8Array, from: number): number {
  const found = bytes.indexOf(newline, from)
  return found === -1 ? bytes.length : found
}

function endsPlain(byte: number, delimiter: number): boolean {
  return byte === delimiter || byte === newline || byte === carriageReturn
}

function shown(delimiter: number): string {
  return delimiter === 0x09 ? 'tabs' : 'commas'
}

function columnOf(header: readonly string[], delimiter: number, { owner, name, textField }: Reading): number {
  const column = header.indexOf(textField)
  if (column === -1) {
    const other = delimiter === 0x09 ? "format: 'csv'" : "format: 'tsv'"
    const only = header.length === 1 ? ` If its columns are not divided by ${shown(delimiter)}, give ${other}.` : ''
    throw new DataError(
      'missing-field',
      `${owner}: ${name} has no column '${textField}'. The columns are: ${header.join(', ')}. Choose one with ` +
        `textField.${only}`,
    )
  }
  if (header.includes(textField, column + 1)) {
    throw new DataError(
      'invalid-csv',
      `${owner}: ${name}: the header has the column '${textField}' twice. Name them differently.`,
    )
  }
  return column
}
