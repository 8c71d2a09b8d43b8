import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import { longestText } from '../longest-text.js'
import type { Reading } from '../read-options.js'
import type { TextChunk } from './valid-text.js'

/** The whole text as one document. */
export async function* wholeDocument(chunks: AsyncIterable<TextChunk>, reading: Reading): AsyncGenerator<Document[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const pieces: Uint8Array[] = []
  let byteLength = 0
  for await (const { bytes } of chunks) {
    byteLength += bytes.length
    if (byteLength > longestText) throw tooLong(reading)
    pieces.push(bytes)
  }
  yield [{ text: pieces.map((piece) => decoder.decode(piece)).join(''), name: reading.name }]
}

function tooLong({ owner, name }: Reading): DataError {
  return new DataError(
    'unreadable-file',
    `${owner}: ${name} has more than ${longestText} bytes of text, the most that one document can have. Split it into ` +
      "files, or give format: 'lines' or 'paragraphs'.",
  )
}
