import { expectShape, SwatError, tf } from '@swat-js/tensor-core'
import { expectInteger } from '../expect-integer.js'
import type { SwatAttentionOptions } from './contract.js'
import { checkTerms } from './terms.js'

const caller = 'swatAttention'

/** Throws unless the tensors and options of a call fit together. */
export function checkInputs(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  options: SwatAttentionOptions,
): void {
  expectShape(caller, 'queries', queries, ['batch', 'queries', 'heads', 'headDim'])
  const [batch, , heads, headDim] = queries.shape
  expectShape(caller, 'keys', keys, [batch, 'keys', 'kvHeads', headDim])
  expectShape(caller, 'values', values, keys.shape)
  const kvHeads = keys.shape[2]
  if (queries.size === 0 || keys.size === 0) {
    throw new SwatError(
      'shape',
      `${caller}: queries and keys must not be empty, but have shapes [${queries.shape.join(', ')}] and ` +
        `[${keys.shape.join(', ')}]. Give at least one token.`,
    )
  }
  checkHeads(caller, heads, kvHeads)
  checkReach(caller, options)
  checkOffset('queryOffset', options.queryOffset, batch, 'Give the absolute position of the first query')
  checkOffset('keyOffset', options.keyOffset, batch, 'Give the absolute position of the first key')
  checkTerms(caller, options, heads)
  checkSegments(options.segmentIds, queries.shape, keys.shape)
}

/** Throws unless every key head serves the same number of query heads. */
export function checkHeads(caller: string, heads: number, kvHeads: number): void {
  if (heads % kvHeads === 0) return
  const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((count) => heads % count === 0)
  throw new SwatError(
    'shape',
    `${caller}: heads (${heads}) must be a multiple of kvHeads (${kvHeads}). Choose kvHeads from ${divisors.join(', ')}.`,
  )
}

/** Throws unless window and sinks are counts. */
export function checkReach(
  caller: string,
  { window, sinks = 0 }: Pick<SwatAttentionOptions, 'window' | 'sinks'>,
): void {
  if (window !== null) {
    const wayOut = 'Give the number of keys a query sees, itself included, or null for all.'
    expectInteger(caller, 'window', window, 1, wayOut)
  }
  expectInteger(caller, 'sinks', sinks, 0, 'Give the number of first keys that stay visible.')
}

function checkOffset(
  name: string,
  offset: number | readonly number[] | undefined,
  batch: number,
  wayOut: string,
): void {
  if (offset === undefined) return
  if (typeof offset === 'number') return expectInteger(caller, name, offset, 0, `${wayOut}.`)
  if (offset.length !== batch) {
    throw new SwatError(
      'shape',
      `${caller}: ${name} must be one number or one for each of the ${batch} sequences, but has ${offset.length}. ` +
        `${wayOut} of each sequence.`,
    )
  }
  offset.forEach((value, i) => expectInteger(caller, `${name}[${i}]`, value, 0, `${wayOut} of each sequence.`))
}

function checkSegments(
  segmentIds: SwatAttentionOptions['segmentIds'],
  [batch, queries]: readonly number[],
  [, keys]: readonly number[],
): void {
  if (!segmentIds) return
  if (segmentIds instanceof tf.Tensor) {
    expectShape(caller, 'segmentIds', segmentIds, [batch, queries])
    expectInt32('segmentIds', segmentIds)
    if (queries === keys) return
    throw new SwatError(
      'shape',
      `${caller}: one tensor of segmentIds needs as many queries as keys, but there are ${queries} and ${keys}. ` +
        'Give { queries: [batch, queries], keys: [batch, keys] }.',
    )
  }
  expectShape(caller, 'segmentIds.queries', segmentIds.queries, [batch, queries])
  expectShape(caller, 'segmentIds.keys', segmentIds.keys, [batch, keys])
  expectInt32('segmentIds.queries', segmentIds.queries)
  expectInt32('segmentIds.keys', segmentIds.keys)
}

function expectInt32(name: string, { dtype }: tf.Tensor): void {
  if (dtype === 'int32') return
  throw new SwatError(
    'attention',
    `${caller}: ${name} must be of type int32, but is ${dtype}. Make it with tf.tensor2d(ids, shape, 'int32').`,
  )
}
