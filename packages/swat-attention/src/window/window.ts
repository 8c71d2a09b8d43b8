/**
 * The window rule, in absolute positions (SWAT Eq. 5; spec 1.1): query m sees key n iff `0 ≤ m − n < window`. A query
 * therefore sees `window` keys at most, itself included.
 *
 * @param query - position m
 * @param key - position n
 * @param window - number of keys; null = every earlier key
 * @returns whether the query sees the key
 */
export function inWindow(query: number, key: number, window: number | null): boolean {
  const distance = query - key
  return distance >= 0 && (window === null || distance < window)
}

/** Where the keys of a call stand and which of them its queries see. */
export interface KeyLayout {
  /** Number of keys. */
  keys: number
  /** Absolute position of the first key. */
  keyOffset: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Keys before this absolute position stay visible to every later query. */
  sinks: number
}

/** A run of key indexes, from `start` up to but not including `end`. */
export interface KeyRange {
  /** First index. */
  start: number
  /** One past the last index. */
  end: number
}

/**
 * The keys that at least one of some consecutive queries sees, as two disjoint runs: the sinks that lie before the
 * window, and the window. Either may be empty (`start === end`).
 *
 * @param firstQuery - absolute position of the first query
 * @param lastQuery - absolute position of the last query
 * @param layout - where the keys are
 * @returns the sinks, then the window
 */
export function visibleKeys(
  firstQuery: number,
  lastQuery: number,
  layout: KeyLayout,
): [sinks: KeyRange, window: KeyRange] {
  const { keys, keyOffset, window, sinks } = layout
  const index = (position: number) => Math.min(keys, Math.max(0, position - keyOffset))
  const end = index(lastQuery + 1)
  const start = window === null ? 0 : Math.min(end, index(firstQuery - window + 1))
  return [
    { start: 0, end: Math.min(start, index(sinks)) },
    { start, end },
  ]
}
