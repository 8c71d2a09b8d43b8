/**
 * The value at a path in a record, undefined if there is none. A field whose name is the whole path wins.
 *
 * @param path - such as `a.b` or `messages[0].content`
 */
export function valueAt(record: unknown, path: string): unknown {
  const whole = field(record, path)
  if (whole !== undefined) return whole
  return segmentsOf(path).reduce<unknown>(field, record)
}

/** `messages[0].content` → `messages`, `0`, `content`. */
export function segmentsOf(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, '.$1').split('.')
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}
