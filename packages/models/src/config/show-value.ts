/** A value as a message shows it. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'number' ? String(value) : JSON.stringify(value).replaceAll('"', `'`)
}
