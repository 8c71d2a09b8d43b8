import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import { longestText } from '../longest-text.js'
import type { Reading } from '../read-options.js'
import { splitLines, type Line } from './split-lines.js'
import type { TextChunk } from './valid-text.js'

/** A document for each block of lines between lines of white space; ends of lines inside it stay as they are. */
export async function* paragraphDocuments(
  chunks: AsyncIterable<TextChunk>,
  reading: Reading,
): AsyncGenerator<Document[]> {
  let block: Line[] = []
  let byteLength = 0
  const end = (): Document => {
    const text = block.map((line) => line.text).join('\n')
    const document = { text: text.endsWith('\r') ? text.slice(0, -1) : text, name: `${reading.name}:${block[0]!.line}` }
    block = []
    byteLength = 0
    return document
  }
  for await (const lines of splitLines(chunks, reading)) {
    const documents: Document[] = []
    for (const line of lines) {
      if (/\S/.test(line.text)) {
        block.push(line)
        byteLength += line.byteLength + 1
        if (byteLength > longestText) throw tooLong(reading, block[0]!.line)
      } else if (block.length > 0) documents.push(end())
    }
    yield documents
  }
  if (block.length > 0) yield [end()]
}

function tooLong({ owner, name }: Reading, line: number): DataError {
  return new DataError(
    'unreadable-file',
    `${owner}: ${name}:${line} begins a paragraph of more than ${longestText} bytes, the most that one document can ` +
      'have. Divide it by blank lines.',
  )
}
