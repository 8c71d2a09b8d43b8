/**
 * Gathers an option that may be repeated.
 *
 * @param value - what was given this time
 * @param before - what was given before
 */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
