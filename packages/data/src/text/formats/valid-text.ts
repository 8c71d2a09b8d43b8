import { DataError } from '../../data-error.js'
import { decodeStrictly } from '../decode-strictly.js'
import type { Reading } from '../read-options.js'

/** UTF-8 that was checked and does not end inside a character. */
export interface TextChunk {
  readonly bytes: Uint8Array
  readonly text: string
  /** Where it begins in the text of the file, in bytes before anything was replaced. */
  readonly start: number
}

/** What helps where single bytes are wrong. */
export const orReplace = ". Or put U+FFFD in place of such bytes with invalidText: 'replace'."

/**
 * Checks that bytes are UTF-8, or makes them so, and removes a byte order mark at the beginning.
 *
 * @throws {DataError} `invalid-utf8` with the position of the first wrong byte
 */
export async function* validText(stream: AsyncIterable<Uint8Array>, reading: Reading): AsyncGenerator<TextChunk> {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoder = new TextEncoder()
  let carried = new Uint8Array(0) as Uint8Array // the beginning of a character, or of the file
  let start = 0
  let isBeginning = true

  const checked = (bytes: Uint8Array): TextChunk => {
    try {
      return { bytes, text: strict.decode(bytes), start }
    } catch {
      if (reading.invalidText === 'error')
        decodeStrictly(bytes, reading.owner, reading.name, { start, wayOut: orReplace })
      const text = lenient.decode(bytes)
      return { bytes: encoder.encode(text), text, start }
    }
  }

  for await (const chunk of stream) {
    const bytes = carried.length === 0 ? chunk : joined(carried, chunk)
    if (isBeginning) {
      if (bytes.length < 4) {
        carried = bytes
        continue
      }
      isBeginning = false
      const mark = beginning(bytes, reading)
      start = mark
      const rest = bytes.subarray(mark)
      const whole = rest.length - unfinished(rest)
      carried = rest.slice(whole)
      if (whole > 0) yield checked(rest.subarray(0, whole))
      start += whole
      continue
    }
    const whole = bytes.length - unfinished(bytes)
    carried = bytes.slice(whole)
    if (whole > 0) yield checked(bytes.subarray(0, whole))
    start += whole
  }
  if (isBeginning) {
    start = beginning(carried, reading)
    carried = carried.subarray(start)
  }
  if (carried.length > 0) yield checked(carried)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}

/** How many bytes at the end begin a character that needs more. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return 0
    if (byte < 0xc0) continue
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return length > back ? back : 0
  }
  return 0
}

const signatures = [
  { bytes: [0x1f, 0x8b, 0x08], means: 'gzip data', wayOut: 'End its name in .gz.' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], means: 'zstd data', wayOut: 'End its name in .zst.' },
  { bytes: [0x50, 0x41, 0x52, 0x31], means: 'a parquet file', wayOut: "Give format: 'parquet'." },
  { bytes: [0x50, 0x4b, 0x03, 0x04], means: 'a zip archive', wayOut: 'Unpack it first.' },
  { bytes: [0xff, 0xfe], means: 'UTF-16', wayOut: 'Convert it first: iconv -f UTF-16 -t UTF-8 <file>' },
  { bytes: [0xfe, 0xff], means: 'UTF-16', wayOut: 'Convert it first: iconv -f UTF-16 -t UTF-8 <file>' },
]

/** How long the byte order mark is. What begins as another kind of file does is refused. */
function beginning(bytes: Uint8Array, { owner, name }: Reading): number {
  const found = signatures.find((signature) => signature.bytes.every((byte, index) => bytes[index] === byte))
  if (found) {
    const shown = found.bytes.map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')
    throw new DataError(
      'invalid-utf8',
      `${owner}: ${name} is not UTF-8 but ${found.means}: it begins with ${shown} at byte 0. ${found.wayOut}`,
    )
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
