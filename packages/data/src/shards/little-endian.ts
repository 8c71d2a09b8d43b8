const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * Turns numbers of this machine's byte order into little-endian ones or back, in place; on nearly every machine there
 * is nothing to do.
 *
 * @param bytes the numbers
 * @param width bytes of one number
 */
export function littleEndian(bytes: Uint8Array, width: 2 | 4 | 8, isLittle = hostIsLittleEndian): Uint8Array {
  if (isLittle) return bytes
  for (let start = 0; start + width <= bytes.length; start += width) bytes.subarray(start, start + width).reverse()
  return bytes
}
