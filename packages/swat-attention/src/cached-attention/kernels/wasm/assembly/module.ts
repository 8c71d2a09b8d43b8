import { Place, PLACE, Problem } from './problem'
import { accumulate, innerProducts, scaled } from './vectors'
import { addTerms, Running, sigmoidWeights, softmaxWeights, startSoftmax } from './weights'

/** Keys whose logits are held at once. */
const TILE: i32 = 256

/** One query of one head. */
@unmanaged
class Row {
  head: i32
  running: Running
  /** The query times scale. */
  query: usize
  /** Σ weight · value. */
  sum: usize
  /** Of one tile. */
  logits: usize
}

const ROW: usize = 64

/** Bytes of working memory that a head size needs. */
export function scratchBytes(headDim: i32): i32 {
  return <i32>ROW + 4 * TILE + 2 * 4 * ((headDim + 3) & ~3)
}

/** Writes the output, then the new keys and values to the past. */
export function attend(problem: Problem, memory: usize): void {
  const row = changetype<Row>(memory)
  row.running = changetype<Running>(memory + 32)
  row.logits = memory + ROW
  row.query = row.logits + 4 * TILE
  row.sum = row.query + ((<usize>((problem.headDim + 3) & ~3)) << 2)
  for (let sequence = 0; sequence < problem.batchSize; sequence++) {
    const place = changetype<Place>(problem.places + <usize>sequence * PLACE)
    for (let head = 0; head < problem.heads; head++) {
      row.head = head
      for (let i = 0; i < place.count; i++) attendRow(problem, place, row, sequence, i)
    }
    clearPadding(problem, place, sequence)
    write(problem, place, sequence, problem.keys, problem.pastKeys)
    write(problem, place, sequence, problem.values, problem.pastValues)
  }
}

function attendRow(problem: Problem, place: Place, row: Row, sequence: i32, i: i32): void {
  const headDim = problem.headDim
  const vector = (<usize>headDim) << 2
  const token = <usize>sequence * problem.length + i
  const at = (token * problem.heads + row.head) * vector
  scaled(problem.queries + at, <f32>problem.scale, headDim, row.query)
  memory.fill(row.sum, 0, vector)
  if (problem.softmax) startSoftmax(row.running, problem.sinkLogits, row.head)

  const step = <usize>problem.kvHeads * vector
  const ofHead = <usize>((row.head * problem.kvHeads) / problem.heads) * vector
  const past = <usize>sequence * (problem.sinks + problem.capacity) * step + ofHead
  const sinks = place.endSink - place.firstSink
  const sink = past + <usize>place.firstSink * step
  pastRun(problem, row, sink, step, sinks, place.position + <f64>(i - place.firstSink))

  const ring = past + <usize>problem.sinks * step
  const ages = <i32>max<f64>(0, min<f64>(<f64>place.kept, problem.window - 1 - <f64>i))
  const first = place.slot - ages // negative: the run goes around the end of the ring
  const around = min(ages, max(0, -first))
  const start = around > 0 ? first + problem.capacity : first
  pastRun(problem, row, ring + <usize>start * step, step, around, <f64>(i + ages))
  const begin = around > 0 ? 0 : first
  pastRun(problem, row, ring + <usize>begin * step, step, ages - around, <f64>(i + ages - around))

  const own = <usize>sequence * problem.length * step + ofHead
  const windowStart = <i32>max<f64>(0, <f64>(i + 1) - problem.window)
  newRun(problem, row, own, step, 0, min(place.newSinks, windowStart), i)
  newRun(problem, row, own, step, windowStart, i + 1, i)

  let factor: f32 = 1
  if (problem.softmax) factor = row.running.total === 0 ? 0 : 1 / row.running.total
  scaled(row.sum, factor, headDim, problem.output + at)
}

function pastRun(problem: Problem, row: Row, offset: usize, step: usize, count: i32, distance: f64): void {
  if (count > 0) attendRun(problem, row, problem.pastKeys + offset, problem.pastValues + offset, step, count, distance)
}

function newRun(problem: Problem, row: Row, own: usize, step: usize, start: i32, end: i32, query: i32): void {
  const offset = own + <usize>start * step
  if (start < end) {
    attendRun(problem, row, problem.keys + offset, problem.values + offset, step, end - start, <f64>(query - start))
  }
}

/** Adds what `count` keys give that lie `step` bytes apart, the first at `distance`, each next one nearer. */
function attendRun(
  problem: Problem,
  row: Row,
  keys: usize,
  values: usize,
  step: usize,
  count: i32,
  distance: f64,
): void {
  const headDim = problem.headDim
  while (count > 0) {
    const tile = min(TILE, count)
    innerProducts(row.query, keys, step, tile, headDim, row.logits)
    addTerms(problem, row.head, row.logits, tile, distance)
    if (problem.softmax) {
      const factor = softmaxWeights(row.running, row.logits, tile)
      if (factor !== 1) scaled(row.sum, factor, headDim, row.sum)
    } else {
      sigmoidWeights(row.logits, tile)
    }
    accumulate(row.sum, row.logits, values, step, tile, headDim)
    keys += <usize>tile * step
    values += <usize>tile * step
    distance -= <f64>tile
    count -= tile
  }
}

function clearPadding(problem: Problem, place: Place, sequence: i32): void {
  const step = <usize>problem.heads * ((<usize>problem.headDim) << 2)
  const start = <usize>sequence * problem.length + place.count
  memory.fill(problem.output + start * step, 0, <usize>(problem.length - place.count) * step)
}

/** Copies a sequence's new keys or values to their rows of the past. */
function write(problem: Problem, place: Place, sequence: i32, from: usize, past: usize): void {
  const step = <usize>problem.kvHeads * ((<usize>problem.headDim) << 2)
  from += <usize>sequence * problem.length * step
  past += <usize>sequence * (problem.sinks + problem.capacity) * step
  memory.copy(past + <usize>place.endSink * step, from, <usize>place.newSinks * step)
  past += <usize>problem.sinks * step
  // what more would overwrite itself
  for (let j = max(place.newSinks, place.count - problem.capacity); j < place.count; j++) {
    memory.copy(past + <usize>((place.slot + j) % problem.capacity) * step, from + <usize>j * step, step)
  }
}
