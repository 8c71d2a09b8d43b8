import { Problem } from './problem'
import { Scratch, TILE } from './scratch'

/** The two runs of keys a query sees: the sinks that lie before its window, then its window. */
export const SINKS: i32 = 0
export const WINDOW: i32 = 1

/** First key of a query's window, and the one past its last, if there were keys everywhere. */
function windowStart(problem: Problem, query: i32): i32 {
  return bounded(problem.distance + <f64>query + 1 - problem.window)
}

function windowEnd(problem: Problem, query: i32): i32 {
  return bounded(problem.distance + <f64>query + 1)
}

/** Far beyond any key, but safe to count on from. */
function bounded(index: f64): i32 {
  const far: f64 = 1073741824
  return <i32>max<f64>(-far, min<f64>(far, index))
}

function clamp(index: i32, count: i32): i32 {
  return max(0, min(count, index))
}

/** Index of the first key of a run that a query sees; never falls from query to query. */
export function firstKey(problem: Problem, query: i32, run: i32): i32 {
  return run === WINDOW ? clamp(windowStart(problem, query), problem.keyCount) : 0
}

/** One past the last key of a run that a query sees; never falls from query to query. */
export function endKey(problem: Problem, query: i32, run: i32): i32 {
  return run === WINDOW
    ? clamp(windowEnd(problem, query), problem.keyCount)
    : clamp(windowStart(problem, query), problem.sinkKeys)
}

/** Fills the ranges of rows of one tile of queries against one tile of keys. */
export function fillRanges(
  problem: Problem,
  scratch: Scratch,
  query: i32,
  rows: i32,
  key: i32,
  keys: i32,
  run: i32,
): void {
  const start = windowStart(problem, query) - key
  const end = windowEnd(problem, query) - key
  const sinkKeys = clamp(problem.sinkKeys - key, keys)
  for (let i = 0; i < TILE; i++) {
    const at = (<usize>i) << 2
    const row = min(i, rows - 1)
    const last = run === WINDOW ? clamp(end + row, keys) : clamp(start + row, sinkKeys)
    const first = run === WINDOW ? clamp(start + row, keys) : 0
    store<i32>(scratch.starts + at, i < rows ? first : last)
    store<i32>(scratch.ends + at, last)
  }
}

/** Fills the ranges of keys from those of rows. */
export function fillKeyRanges(scratch: Scratch, rows: i32, keys: i32): void {
  let first = 0
  let last = 0
  for (let n = 0; n < TILE; n++) {
    const at = (<usize>n) << 2
    while (first < rows && load<i32>(scratch.ends + ((<usize>first) << 2)) <= n) first++
    while (last < rows && load<i32>(scratch.starts + ((<usize>last) << 2)) <= n) last++
    store<i32>(scratch.firstRows + at, n < keys ? first : rows)
    store<i32>(scratch.lastRows + at, n < keys ? last : rows)
  }
}

/** Distance of the pairs at an entry of the term. */
function distanceAt(problem: Problem, query: i32, key: i32, entry: i32): f64 {
  return problem.distance + <f64>(query - key) + <f64>(TILE - 1 - entry)
}

/** Fills what is added to the logits of a tile: slope · distance + bias + table entry, by key − query. */
export function fillTerm(problem: Problem, scratch: Scratch, head: i32, query: i32, key: i32): void {
  const at = (<usize>head) << 2
  const slope = problem.slopes ? <f64>load<f32>(problem.slopes + at) : 0
  const bias = problem.bias ? <f64>load<f32>(problem.bias + at) : 0
  const length = problem.distanceTable ? problem.tableLength : 0
  const table = problem.distanceTable + ((<usize>(head * length)) << 2)
  for (let entry = 0; entry < 2 * TILE + 8; entry++) {
    const distance = distanceAt(problem, query, key, entry)
    let term = slope * distance + bias
    if (distance >= 0 && distance < <f64>length) term += <f64>load<f32>(table + ((<usize>distance) << 2))
    store<f32>(scratch.term + ((<usize>entry) << 2), <f32>term)
  }
}

/** Adds a tile's gradients of the term to those of slope, bias and table. */
export function addTermGradients(problem: Problem, scratch: Scratch, head: i32, query: i32, key: i32): void {
  const length = problem.dDistanceTable ? problem.tableLength : 0
  const table = problem.dDistanceTable + ((<usize>(head * length)) << 2)
  let slope: f64 = 0
  let bias: f64 = 0
  for (let entry = 0; entry < 2 * TILE + 8; entry++) {
    const gradient = load<f32>(scratch.dTerm + ((<usize>entry) << 2))
    const distance = distanceAt(problem, query, key, entry)
    if (distance < 0) break
    slope += <f64>gradient * distance
    bias += <f64>gradient
    if (distance < <f64>length) {
      const at = table + ((<usize>distance) << 2)
      store<f32>(at, load<f32>(at) + gradient)
    }
  }
  addTo(problem.dSlopes, head, slope)
  addTo(problem.dBias, head, bias)
}

/** Adds to one head's entry of a gradient, where it is wanted. */
export function addTo(gradient: usize, head: i32, value: f64): void {
  if (!gradient) return
  const at = gradient + ((<usize>head) << 2)
  store<f32>(at, <f32>(<f64>load<f32>(at) + value))
}
