import type { Document } from '../document.js'
import type { Reading } from '../read-options.js'
import { splitLines } from './split-lines.js'
import type { TextChunk } from './valid-text.js'

/** A document for each line that has more than white space. */
export async function* lineDocuments(chunks: AsyncIterable<TextChunk>, reading: Reading): AsyncGenerator<Document[]> {
  for await (const lines of splitLines(chunks, reading)) {
    const full = lines.filter(({ text }) => /\S/.test(text))
    yield full.map(({ text, line }) => ({
      text: text.endsWith('\r') ? text.slice(0, -1) : text,
      name: `${reading.name}:${line}`,
    }))
  }
}
