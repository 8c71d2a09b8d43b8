import { DataError } from '../data-error.js'

/**
 * Bytes to text, or an error that says where the first byte that is not UTF-8 stands.
 *
 * @param owner the function to name in the error
 * @param name the file to name in the error
 * @param place where `bytes` begin in the file, and what else than converting the file helps
 */
export function decodeStrictly(
  bytes: Uint8Array,
  owner: string,
  name: string,
  { start = 0, wayOut = '' }: { start?: number; wayOut?: string } = {},
): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    const offset = firstInvalidByte(bytes)
    const found = offset < bytes.length ? `0x${bytes[offset]!.toString(16).padStart(2, '0')}` : 'the end of the file'
    throw new DataError(
      'invalid-utf8',
      `${owner}: ${name} is not UTF-8: ${found} at byte ${start + offset}. ` +
        `Convert it first, for example with: iconv -f WINDOWS-1252 -t UTF-8 <file>${wayOut}`,
      { cause },
    )
  }
}

/** The offset of the first sequence that is not well-formed UTF-8 (Unicode 15, table 3-7), or the length. */
function firstInvalidByte(bytes: Uint8Array): number {
  const continues = (index: number, low = 0x80, high = 0xbf): boolean => bytes[index]! >= low && bytes[index]! <= high
  let index = 0
  while (index < bytes.length) {
    const lead = bytes[index]!
    let length = 0
    if (lead < 0x80) length = 1
    else if (lead >= 0xc2 && lead <= 0xdf) length = continues(index + 1) ? 2 : 0
    else if (lead >= 0xe0 && lead <= 0xef) {
      const [low, high] = [lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf]
      length = continues(index + 1, low, high) && continues(index + 2) ? 3 : 0
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      const [low, high] = [lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf]
      length = continues(index + 1, low, high) && continues(index + 2) && continues(index + 3) ? 4 : 0
    }
    if (length === 0) return index
    index += length
  }
  return index
}
