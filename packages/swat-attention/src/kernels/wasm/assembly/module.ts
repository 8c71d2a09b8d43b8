import { addTermGradients, addTo, endKey, fillKeyRanges, fillRanges, fillTerm, firstKey, SINKS, WINDOW } from './band'
import { exponentialOf } from '../../../../../tensor-core/src/engines/wasm/assembly/lanes'
import { Problem } from './problem'
import { accumulate, accumulateTransposed, innerProducts } from './products'
import { layOut, paddedColumns, Scratch, TERM, TILE } from './scratch'
import { addRows, packRows, transpose, unpackRow } from './vectors'
import { finishSoftmax, sigmoidGradients, sigmoidWeights, softmaxGradients, softmaxSums, startSoftmax } from './weights'

/** One tile of queries of one head: where its vectors start and how far they lie apart, in bytes. */
@unmanaged
class Tile {
  head: i32
  query: i32
  /** At most TILE, all of one segment. */
  rows: i32
  segment: i32
  /** Segment ids of the sequence's keys; 0 where there are none. */
  keySegments: usize
  /** The keys at hand: the first, how many, and one past the last of their run. */
  key: i32
  keys: i32
  end: i32
  keyHeadOffset: usize
  queryOffset: usize
  queryStep: usize
  keyStep: usize
  /** Bytes of a packed row. */
  step: usize
}

const TILE_BYTES: usize = 64
const PROBLEM_BYTES: usize = 192

/** Bytes of working memory that a head size needs. */
export { scratchBytes } from './scratch'
export { exponential } from '../../../../../tensor-core/src/engines/wasm/assembly/lanes'

/** Writes the output of `count` heads, of which there are `batchSize · heads`. */
export function forward(shared: Problem, first: i32, count: i32, working: usize): void {
  const tile = changetype<Tile>(working)
  const problem = ownProblem(shared, working + TILE_BYTES)
  const scratch = layOut(working + TILE_BYTES + PROBLEM_BYTES, problem.headDim)
  for (let place = first; place < first + count; place++) {
    const sequence = place / problem.heads
    placeSequence(problem, tile, place % problem.heads, sequence)
    for (let query = 0; query < problem.queryCount; query += tile.rows) {
      placeTile(problem, tile, sequence, query)
      forwardTile(problem, tile, scratch)
    }
  }
}

/** Writes the gradients of `count` key heads and of the heads that share them, of `batchSize · kvHeads` key heads. */
export function backward(shared: Problem, first: i32, count: i32, working: usize): void {
  const tile = changetype<Tile>(working)
  const problem = ownProblem(shared, working + TILE_BYTES)
  const scratch = layOut(working + TILE_BYTES + PROBLEM_BYTES, problem.headDim)
  const group = problem.heads / problem.kvHeads
  for (let place = first; place < first + count; place++) {
    const sequence = place / problem.kvHeads
    const head = (place % problem.kvHeads) * group
    placeTermGradients(problem, shared, sequence)
    for (let i = 0; i < group; i++) {
      placeSequence(problem, tile, head + i, sequence)
      for (let query = 0; query < problem.queryCount; query += tile.rows) {
        placeTile(problem, tile, sequence, query)
        backwardTile(problem, tile, scratch)
      }
    }
  }
}

/** The problem in a thread's own memory: it changes with the sequence at hand. */
function ownProblem(problem: Problem, to: usize): Problem {
  memory.copy(to, changetype<usize>(problem), offsetof<Problem>())
  return changetype<Problem>(to)
}

/** Goes to a sequence's own gradients of the terms. */
function placeTermGradients(problem: Problem, shared: Problem, sequence: i32): void {
  const heads = (<usize>sequence * <usize>problem.heads) << 2
  problem.dSlopes = shared.dSlopes ? shared.dSlopes + heads : 0
  problem.dBias = shared.dBias ? shared.dBias + heads : 0
  problem.dSinkLogits = shared.dSinkLogits ? shared.dSinkLogits + heads : 0
  const tables = heads * problem.tableLength
  problem.dDistanceTable = shared.dDistanceTable ? shared.dDistanceTable + tables : 0
}

function placeSequence(problem: Problem, tile: Tile, head: i32, sequence: i32): void {
  const keyHead = <i32>((<i64>head * problem.kvHeads) / problem.heads)
  const vector = (<usize>problem.headDim) << 2
  const place = problem.sequences + ((<usize>sequence) << 4)
  problem.distance = load<f64>(place)
  problem.sinkKeys = <i32>load<f64>(place, 8)
  tile.head = head
  tile.queryStep = <usize>problem.heads * vector
  tile.keyStep = <usize>problem.kvHeads * vector
  tile.keyHeadOffset = <usize>sequence * problem.keyCount * tile.keyStep + <usize>keyHead * vector
  tile.keySegments = problem.keySegments ? problem.keySegments + ((<usize>sequence * problem.keyCount) << 2) : 0
  tile.step = (<usize>paddedColumns(problem.headDim)) << 2
}

function placeTile(problem: Problem, tile: Tile, sequence: i32, query: i32): void {
  const index = <usize>sequence * problem.queryCount + query
  tile.query = query
  tile.rows = min(TILE, problem.queryCount - query)
  tile.queryOffset = index * tile.queryStep + <usize>tile.head * ((<usize>problem.headDim) << 2)
  if (!problem.querySegments) return
  const segments = problem.querySegments + (index << 2)
  tile.segment = load<i32>(segments)
  tile.rows = runLength(segments, tile.segment, tile.rows)
}

/** How many numbers, at most `count`, equal `value`. */
function runLength(numbers: usize, value: i32, count: i32): i32 {
  let length = 0
  while (length < count && load<i32>(numbers + ((<usize>length) << 2)) === value) length++
  return length
}

/** Goes to the start of a run of keys; {@link nextKeys} follows. */
function startRun(problem: Problem, tile: Tile, run: i32): void {
  tile.key = firstKey(problem, tile.query, run)
  tile.keys = 0
  tile.end = endKey(problem, tile.query + tile.rows - 1, run)
}

/** Goes to the next keys of the run that are in the segment of the queries, a tile at most; false when none is left. */
function nextKeys(tile: Tile): bool {
  let key = tile.key + tile.keys
  const ids = tile.keySegments
  if (ids) while (key < tile.end && load<i32>(ids + ((<usize>key) << 2)) !== tile.segment) key++
  if (key >= tile.end) return false
  const most = min(TILE, tile.end - key)
  tile.key = key
  tile.keys = ids ? runLength(ids + ((<usize>key) << 2), tile.segment, most) : most
  return true
}

function forwardTile(problem: Problem, tile: Tile, scratch: Scratch): void {
  const rows = tile.rows
  const step = tile.step
  packQueries(problem, tile, scratch)
  memory.fill(scratch.output, 0, <usize>rows * step)
  if (problem.softmax) startSoftmax(scratch, rows, problem.sinkLogits, tile.head)
  for (let run = SINKS; run <= WINDOW; run++) {
    startRun(problem, tile, run)
    while (nextKeys(tile)) {
      const key = tile.key
      const keys = tile.keys
      packKeys(problem, tile, scratch, key, keys, run)
      packRows(valuesAt(problem, tile, key), tile.keyStep, keys, problem.headDim, scratch.values, step, 1)
      logits(problem, scratch, rows)
      if (problem.softmax) softmaxSums(scratch, rows, scratch.output, step)
      else sigmoidWeights(scratch, rows)
      accumulate(scratch.output, scratch.weights, scratch.values, step, scratch.starts, scratch.ends, rows)
    }
  }
  if (problem.softmax) finishSoftmax(scratch, rows)
  for (let i = 0; i < rows; i++) {
    const factor: f32 = problem.softmax ? load<f32>(scratch.sum + ((<usize>i) << 2)) : 1
    const to = problem.output + tile.queryOffset + <usize>i * tile.queryStep
    unpackRow(scratch.output + <usize>i * step, problem.headDim, to, factor)
  }
}

function backwardTile(problem: Problem, tile: Tile, scratch: Scratch): void {
  const rows = tile.rows
  const step = tile.step
  const headDim = problem.headDim
  const wantsTerm = problem.dSlopes | problem.dBias | problem.dDistanceTable
  packQueries(problem, tile, scratch)
  packRows(problem.outputGradient + tile.queryOffset, tile.queryStep, rows, headDim, scratch.gradient, step, 1)
  transpose(scratch.gradient, step, rows, scratch.gradientT)
  if (problem.softmax) softmaxStatistics(problem, tile, scratch)
  memory.fill(scratch.output, 0, <usize>rows * step)
  for (let run = SINKS; run <= WINDOW; run++) {
    startRun(problem, tile, run)
    while (nextKeys(tile)) {
      const key = tile.key
      const keys = tile.keys
      packPair(problem, tile, scratch, key, keys, run)
      fillKeyRanges(scratch, rows, keys)
      memory.fill(scratch.dTerm, 0, TERM)
      logits(problem, scratch, rows)
      weightGradients(problem, scratch, rows)
      if (problem.softmax) softmaxGradients(scratch, rows)
      else sigmoidGradients(scratch, rows)
      if (wantsTerm) addTermGradients(problem, scratch, tile.head, tile.query, key)
      accumulate(scratch.output, scratch.dLogits, scratch.keys, step, scratch.starts, scratch.ends, rows)
      addKeyGradient(tile, scratch, scratch.dLogits, scratch.queries, keys, headDim, problem.dKeys, key)
      addKeyGradient(tile, scratch, scratch.weights, scratch.gradient, keys, headDim, problem.dValues, key)
    }
  }
  for (let i = 0; i < rows; i++) {
    const to = problem.dQueries + tile.queryOffset + <usize>i * tile.queryStep
    unpackRow(scratch.output + <usize>i * step, headDim, to, <f32>problem.scale)
  }
}

/** Goes over the keys once for each query's largest logit, sum and mean, and the gradient of the sink logit. */
function softmaxStatistics(problem: Problem, tile: Tile, scratch: Scratch): void {
  const rows = tile.rows
  startSoftmax(scratch, rows, problem.sinkLogits, tile.head)
  for (let run = SINKS; run <= WINDOW; run++) {
    startRun(problem, tile, run)
    while (nextKeys(tile)) {
      packPair(problem, tile, scratch, tile.key, tile.keys, run)
      logits(problem, scratch, rows)
      weightGradients(problem, scratch, rows)
      softmaxSums(scratch, rows, 0, 0)
    }
  }
  finishSoftmax(scratch, rows)
  if (!problem.dSinkLogits) return
  const sink = load<f32>(problem.sinkLogits + ((<usize>tile.head) << 2))
  let gradient: f64 = 0
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 2
    const weight = exponentialOf(sink - load<f32>(scratch.largest + at)) * load<f32>(scratch.sum + at)
    gradient -= <f64>weight * load<f32>(scratch.expected + at)
  }
  addTo(problem.dSinkLogits, tile.head, gradient)
}

function valuesAt(problem: Problem, tile: Tile, key: i32): usize {
  return problem.values + tile.keyHeadOffset + <usize>key * tile.keyStep
}

function packQueries(problem: Problem, tile: Tile, scratch: Scratch): void {
  const from = problem.queries + tile.queryOffset
  packRows(from, tile.queryStep, tile.rows, problem.headDim, scratch.queries, tile.step, <f32>problem.scale)
  transpose(scratch.queries, tile.step, tile.rows, scratch.queriesT)
}

/** Keys of a tile, and which of its pairs are visible. */
function packKeys(problem: Problem, tile: Tile, scratch: Scratch, key: i32, keys: i32, run: i32): void {
  const from = problem.keys + tile.keyHeadOffset + <usize>key * tile.keyStep
  packRows(from, tile.keyStep, keys, problem.headDim, scratch.keys, tile.step, 1)
  transpose(scratch.keys, tile.step, keys, scratch.keysT)
  fillRanges(problem, scratch, tile.query, tile.rows, key, keys, run)
  fillTerm(problem, scratch, tile.head, tile.query, key)
}

/** Keys and values, both ways round. */
function packPair(problem: Problem, tile: Tile, scratch: Scratch, key: i32, keys: i32, run: i32): void {
  packKeys(problem, tile, scratch, key, keys, run)
  packRows(valuesAt(problem, tile, key), tile.keyStep, keys, problem.headDim, scratch.values, tile.step, 1)
  transpose(scratch.values, tile.step, keys, scratch.valuesT)
}

function logits(problem: Problem, scratch: Scratch, rows: i32): void {
  const depth = problem.headDim
  innerProducts(scratch.queriesT, scratch.keysT, depth, scratch.weights, scratch.starts, scratch.ends, rows)
}

function weightGradients(problem: Problem, scratch: Scratch, rows: i32): void {
  const depth = problem.headDim
  innerProducts(scratch.gradientT, scratch.valuesT, depth, scratch.dLogits, scratch.starts, scratch.ends, rows)
}

/** Adds Σ factor[query][key] · vector[query] to the gradient of the tile's keys or values. */
function addKeyGradient(
  tile: Tile,
  scratch: Scratch,
  factors: usize,
  vectors: usize,
  keys: i32,
  headDim: i32,
  to: usize,
  key: i32,
): void {
  const step = tile.step
  const sum = scratch.dKeys
  memory.fill(sum, 0, <usize>keys * step)
  accumulateTransposed(sum, factors, vectors, step, scratch.firstRows, scratch.lastRows, keys)
  addRows(sum, step, keys, headDim, to + tile.keyHeadOffset + <usize>key * tile.keyStep, tile.keyStep)
}
