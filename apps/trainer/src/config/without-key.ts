/**
 * A copy of a plain object without one of its keys.
 *
 * @param record - the object
 * @param key - what to leave out
 */
export function withoutKey<Record extends object, Key extends keyof Record>(
  record: Record,
  key: Key,
): Omit<Record, Key> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as Omit<Record, Key>
}
