import { tf } from '@swat-js/tensor-core'
import type { CachedAttentionInputs, SequencePlace } from '../../contract.js'
import type { Block } from './blocks.js'

/** A run of rows of the past, of the new tokens, or of zeros. */
interface Run {
  from: 'past' | 'new' | 'zeros'
  start: number
  count: number
}

type Row = Pick<Run, 'from' | 'start'>

/**
 * The rows that a block attends to: past, then new tokens. What no query sees becomes zeros, as even a weight of zero
 * would let NaN through.
 */
export function seenRows(
  past: tf.Tensor4D,
  tokens: tf.Tensor4D,
  inputs: CachedAttentionInputs,
  { length, places }: Block,
): tf.Tensor4D {
  const { sinks, capacity, window, sinkLogits } = inputs
  const rowsOf = (place: SequencePlace): Row[] => {
    const rows = Array.from({ length: sinks + capacity }, (_, row): Row => {
      const age = ((place.slot - (row - sinks) - 1 + capacity) % capacity) + 1
      const seen = row < sinks ? row >= place.firstSink && row < place.endSink : age <= place.kept && age < window
      return { from: seen ? 'past' : 'zeros', start: row }
    })
    for (let j = 0; j < length; j++) rows.push({ from: j < place.count ? 'new' : 'zeros', start: j })
    if (sinkLogits) rows.push({ from: 'zeros', start: 0 })
    return rows
  }
  return arrange(past, tokens, places.map(rowsOf))
}

/** The past after a block. */
export function writtenRows(
  past: tf.Tensor4D,
  tokens: tf.Tensor4D,
  { sinks, capacity }: CachedAttentionInputs,
  { places }: Block,
): tf.Tensor4D {
  const rowsOf = ({ count, newSinks, endSink, slot }: SequencePlace): Row[] => {
    const rows = Array.from({ length: sinks + capacity }, (_, row): Row => ({ from: 'past', start: row }))
    for (let j = 0; j < count; j++) {
      rows[j < newSinks ? endSink + j : sinks + ((slot + j) % capacity)] = { from: 'new', start: j }
    }
    return rows
  }
  return arrange(past, tokens, places.map(rowsOf))
}

/** Tokens with zeros for padding. */
export function ownRows(tokens: tf.Tensor4D, { length, places }: Block): tf.Tensor4D {
  if (places.every(({ count }) => count === length)) return tokens
  const rowsOf = ({ count }: SequencePlace) =>
    Array.from({ length }, (_, row): Row => ({ from: row < count ? 'new' : 'zeros', start: row }))
  return arrange(tokens, tokens, places.map(rowsOf))
}

/** Puts rows together, for all sequences at once where they stand alike. */
function arrange(past: tf.Tensor4D, tokens: tf.Tensor4D, rows: Row[][]): tf.Tensor4D {
  const runs = rows.map(runsOf)
  const [first] = runs
  const alike = runs.every((others) => JSON.stringify(others) === JSON.stringify(first))
  const sequences = alike
    ? [{ start: 0, count: runs.length, runs: first }]
    : runs.map((runs, start) => ({ start, count: 1, runs }))
  const parts = sequences.map(({ start, count, runs }) => {
    const [, , heads, headDim] = past.shape
    const pieces = runs.map((run) => {
      if (run.from === 'zeros') return tf.zeros<tf.Rank.R4>([count, run.count, heads, headDim])
      const x = run.from === 'past' ? past : tokens
      const whole = count === x.shape[0] && run.count === x.shape[1]
      return whole ? x : tf.slice(x, [start, run.start, 0, 0], [count, run.count, heads, headDim])
    })
    return pieces.length === 1 ? tf.clone(pieces[0]) : tf.concat(pieces, 1)
  })
  return parts.length === 1 ? parts[0] : tf.concat(parts, 0)
}

function runsOf(rows: Row[]): Run[] {
  const runs: Run[] = []
  for (const { from, start } of rows) {
    const last = runs[runs.length - 1]
    if (last?.from === from && (from === 'zeros' || last.start + last.count === start)) last.count++
    else runs.push({ from, start: from === 'zeros' ? 0 : start, count: 1 })
  }
  return runs
}
