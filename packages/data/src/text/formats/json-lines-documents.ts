import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import type { Reading } from '../read-options.js'
import { recordText } from '../record-text.js'
import { splitLines, type Line } from './split-lines.js'
import type { TextChunk } from './valid-text.js'

/** A document for each line, which is a JSON object. */
export async function* jsonLinesDocuments(
  chunks: AsyncIterable<TextChunk>,
  reading: Reading,
): AsyncGenerator<Document[]> {
  for await (const lines of splitLines(chunks, reading)) {
    const documents: Document[] = []
    for (const line of lines) {
      if (!/\S/.test(line.text)) continue
      const name = `${reading.name}:${line.line}`
      const text = recordText(parsed(line, name, reading), name, reading)
      if (text !== null) documents.push({ text, name })
    }
    yield documents
  }
}

function parsed({ text, start }: Line, name: string, { owner }: Reading): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DataError(
      'invalid-json',
      `${owner}: ${name} is not JSON: ${reason}. The line begins at byte ${start}. A .jsonl file has one JSON object ` +
        "a line; to read the file as plain text, give format: 'text'.",
      { cause },
    )
  }
}
