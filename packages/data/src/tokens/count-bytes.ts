/** The length of `text` in UTF-8, in bytes; a lone surrogate counts as U+FFFD, three bytes. */
export function countBytes(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (text.codePointAt(index)! > 0xffff) {
      bytes += 4
      index++
    } else bytes += 3
  }
  return bytes
}
