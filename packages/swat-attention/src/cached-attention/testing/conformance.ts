import { createRandom, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { createRollingCache, disposeRollingCache } from '../../cache/rolling-cache.js'
import type { AttentionTerm } from '../../op/contract.js'
import { swatAttention } from '../../op/swat-attention.js'
import type { KernelUnderTest } from '../../testing/conformance.js'
import { cachedAttention } from '../cached-attention.js'
import type { CachedAttentionCase } from './cases.js'

/**
 * Streams a case through a kernel and compares every output with the reference kernel of `swatAttention` over each
 * whole sequence, to 2e-6 of the largest magnitude. Leaves the kernel's engine selected.
 *
 * @param streamCase - the stream
 * @param on - engine and kernel
 * @throws Error that names the sequence and its worst element
 */
export async function checkCachedAttentionCase(streamCase: CachedAttentionCase, on: KernelUnderTest): Promise<void> {
  const stream = tokensOf(streamCase)
  const expected = await wholeSequences(streamCase, stream)
  const actual = await inChunks(streamCase, stream, on)
  const relative = Math.max(2e-6, logitRounding(streamCase))
  expected.forEach((output, b) => {
    expectClose(actual[b], output, { relative, absolute: 1e-9, name: `sequence ${b}` })
  })
}

/** Rounding (2⁻²⁴) of the largest logit that a rising slope makes: 1/4, that of head 1, times the furthest distance. */
function logitRounding({ terms, window, sinks, chunks }: CachedAttentionCase): number {
  const length = chunks.reduce<number>(
    (sum, chunk) => sum + (typeof chunk === 'number' ? chunk : Math.max(...chunk)),
    0,
  )
  const furthest = window === null || sinks > 0 ? length : Math.min(length, window)
  return terms.includes('slopes') ? 2 ** -24 * (furthest / 4) : 0
}

/** The tokens of every sequence, the rows of a sequence one after the other. */
interface Stream {
  sequences: Record<'queries' | 'keys' | 'values', Float32Array>[]
  terms: Record<AttentionTerm, { data: Float32Array; shape: number[] }>
}

function tokensOf({ heads, kvHeads, headDim, tableLength, starts, chunks }: CachedAttentionCase): Stream {
  const random = createRandom(11)
  const normal = (size: number) => Float32Array.from({ length: size }, () => random.normal())
  const term = (...shape: number[]) => ({ data: normal(shape.reduce((a, b) => a * b)), shape })
  const slopes = Float32Array.from({ length: heads }, (_, h) => (h % 2 === 0 ? -1 : 1) * 2 ** -(h + 1))
  return {
    sequences: starts.map((_, b) => {
      const length = chunks.reduce<number>((sum, chunk) => sum + lengthOf(chunk, b), 0)
      const [queries, rest] = [normal(length * heads * headDim), length * kvHeads * headDim]
      return { queries, keys: normal(rest), values: normal(rest) }
    }),
    terms: {
      slopes: { data: slopes, shape: [heads] },
      bias: term(heads),
      distanceTable: term(heads, tableLength),
      sinkLogits: term(heads),
    },
  }
}

function lengthOf(chunk: number | readonly number[], sequence: number): number {
  return typeof chunk === 'number' ? chunk : chunk[sequence]
}

function optionsOf({ activation, terms }: CachedAttentionCase, stream: Stream) {
  const given = terms.map((name) => [name, tf.tensor(stream.terms[name].data, stream.terms[name].shape)])
  return { activation, ...Object.fromEntries(given) }
}

async function wholeSequences(streamCase: CachedAttentionCase, stream: Stream): Promise<Float32Array[]> {
  await useEngine({ backend: 'cpu' })
  const { heads, kvHeads, headDim, window, sinks, starts } = streamCase
  return starts.map((start, b) =>
    tf.tidy(() => {
      const { queries, keys, values } = stream.sequences[b]
      if (queries.length === 0) return queries
      const tensor = (data: Float32Array, heads: number) =>
        tf.tensor4d(data, [1, data.length / heads / headDim, heads, headDim])
      const offsets = { queryOffset: start, keyOffset: start }
      const options = { window, sinks, ...offsets, kernels: { use: 'cpu' as const }, ...optionsOf(streamCase, stream) }
      const output = swatAttention(tensor(queries, heads), tensor(keys, kvHeads), tensor(values, kvHeads), options)
      return output.dataSync() as Float32Array
    }),
  )
}

async function inChunks(
  streamCase: CachedAttentionCase,
  stream: Stream,
  { backend, use, precision }: KernelUnderTest,
): Promise<Float32Array[]> {
  await useEngine({ backend })
  const { heads, kvHeads, headDim, window, sinks, starts, chunks } = streamCase
  const batchSize = starts.length
  const read = new Array<number>(batchSize).fill(0)
  const parts: Float32Array[][] = starts.map(() => [])
  const options = { kernels: { use, precision }, ...optionsOf(streamCase, stream) }
  let cache = createRollingCache({ batchSize, kvHeads, headDim, window, sinks, position: starts })
  for (const chunk of chunks) {
    const lengths = starts.map((_, b) => lengthOf(chunk, b))
    const length = Math.max(...lengths)
    // padding is NaN: it must leave no trace
    const batchOf = (name: 'queries' | 'keys' | 'values', heads: number) => {
      const row = heads * headDim
      const data = new Float32Array(batchSize * length * row).fill(NaN)
      stream.sequences.forEach((sequence, b) =>
        data.set(sequence[name].subarray(read[b] * row, (read[b] + lengths[b]) * row), b * length * row),
      )
      return tf.tensor4d(data, [batchSize, length, heads, headDim])
    }
    const tensors = [batchOf('queries', heads), batchOf('keys', kvHeads), batchOf('values', kvHeads)] as const
    const step = cachedAttention(...tensors, cache, typeof chunk === 'number' ? options : { ...options, lengths })
    cache = step.cache
    const output = await step.output.data<'float32'>()
    const row = heads * headDim
    for (let b = 0; b < batchSize; b++) {
      parts[b].push(output.slice(b * length * row, (b * length + lengths[b]) * row))
      const padding = output.subarray((b * length + lengths[b]) * row, (b + 1) * length * row)
      if (padding.some((value) => value !== 0)) throw new Error(`sequence ${b}: padding must get zeros`)
      read[b] += lengths[b]
    }
    tf.dispose([...tensors, step.output])
  }
  tf.dispose(options)
  disposeRollingCache(cache)
  return parts.map((parts) => Float32Array.from(parts.flatMap((part) => [...part])))
}
