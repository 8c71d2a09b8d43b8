import { DataError } from '../../data-error.js'
import { longestText } from '../longest-text.js'
import type { Reading } from '../read-options.js'
import type { TextChunk } from './valid-text.js'

/** A line without its newline. A carriage return before it stays. */
export interface Line {
  readonly text: string
  /** The first has 1. */
  readonly line: number
  /** Where it begins in the text of the file, in bytes. */
  readonly start: number
  /** Its length in bytes. */
  readonly byteLength: number
}

const newline = 0x0a

/**
 * The lines of a text, as many at a time as a chunk brings.
 *
 * @throws {DataError} `unreadable-file` for a line that no string can hold, before it is put together
 */
export async function* splitLines(chunks: AsyncIterable<TextChunk>, reading: Reading): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let pieces: Uint8Array[] = [] // of a line that goes on
  let pending = 0 // their bytes
  let line = 1
  let start: number | null = null

  for await (const chunk of chunks) {
    const lines: Line[] = []
    start ??= chunk.start
    let textFrom = 0
    for (let from = 0; from < chunk.bytes.length;) {
      const found = chunk.bytes.indexOf(newline, from)
      const end = found === -1 ? chunk.bytes.length : found
      const byteLength = pending + end - from
      if (byteLength > longestText) throw tooLong(reading, line, start)
      if (found === -1) {
        pieces.push(chunk.bytes.subarray(from))
        pending = byteLength
        break
      }
      const textEnd = chunk.text.indexOf('\n', textFrom)
      const text = pieces.map((piece) => decoder.decode(piece)).join('') + chunk.text.slice(textFrom, textEnd)
      textFrom = textEnd + 1
      lines.push({ text, line, start, byteLength })
      ;[pieces, pending] = [[], 0]
      line++
      from = end + 1
      start = chunk.start + from
    }
    if (lines.length > 0) yield lines
  }
  if (pending > 0) {
    const text = pieces.map((piece) => decoder.decode(piece)).join('')
    yield [{ text, line, start: start!, byteLength: pending }]
  }
}

function tooLong({ owner, name }: Reading, line: number, start: number): DataError {
  return new DataError(
    'unreadable-file',
    `${owner}: ${name}:${line} is a line of more than ${longestText} bytes (it begins at byte ${start}), the most that ` +
      'one document can have. Divide it, or check that the file is what it should be.',
  )
}
