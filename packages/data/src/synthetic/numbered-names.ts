/** Names `prefix0`, `prefix1`, … for ids that differ in nothing but their number. */
export function numberedNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}
