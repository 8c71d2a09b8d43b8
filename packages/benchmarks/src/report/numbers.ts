/** A whole number with commas between thousands. */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits that count. */
export function significant(value: number): string {
  const rounded = Number(value.toPrecision(3))
  return Math.abs(rounded) >= 1000 ? thousands(value) : String(rounded)
}

/** Bytes in units of 2²⁰. */
export function mebibytes(bytes: number): string {
  return significant(bytes / 2 ** 20)
}
