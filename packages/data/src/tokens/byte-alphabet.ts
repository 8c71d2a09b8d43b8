/**
 * GPT-2's way to write any bytes as printable text (Radford et al. 2019, `bytes_to_unicode`): a byte that is a
 * printable Latin-1 character stands for itself, the others take U+0100, U+0101, … in turn; a space becomes `Ġ`.
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae

const allBytes = Array.from({ length: 256 }, (_, byte) => byte)
const hiddenBytes = allBytes.filter((byte) => !isPrintable(byte))

/** The 256 bytes in the order of their characters: first the printable ones, then the others. */
export const alphabetBytes: readonly number[] = [...allBytes.filter(isPrintable), ...hiddenBytes]

const characterOfByte: readonly string[] = allBytes.map((byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : 0x100 + hiddenBytes.indexOf(byte)),
)
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
)

/** Bytes as text of the byte alphabet. */
export function bytesToAlphabet(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += characterOfByte[byte]
  return text
}

/** The bytes that a text of the byte alphabet stands for; undefined if it has a character of another alphabet. */
export function alphabetToBytes(text: string): Uint8Array | undefined {
  const bytes = Array.from(text, (character) => byteOfCharacter.get(character))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined
}
