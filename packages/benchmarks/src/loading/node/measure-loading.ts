import { nextTokenBatches, type BatchOptions } from '@swat-js/data'
import { openShards, prefetchBatches, type ShardedSource } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import { median } from '../../timing/median.js'
import type { LoadingBenchmark, LoadingRow } from '../loading-benchmark.js'

/** What {@link measureLoading} measures. */
export interface LoadingRequest {
  /** The set, and which part of it. */
  source: ShardedSource
  /** Lengths of sequences; each is measured by itself. */
  lengths: readonly number[]
  /** Tokens of a batch; rounded down to whole sequences, at least one. */
  tokensPerBatch: number
  /** How sequences are cut. */
  documents: 'packed' | 'aligned'
  /** Seconds for each measurement. */
  seconds: number
  /** Measurements of each kind, in turn. */
  rounds: number
  /** Called before each measurement. */
  report?: (done: number, total: number) => void
}

/**
 * How fast batches come from shards: read where they are asked for, and read ahead by a worker thread. Before anything
 * is timed, the batches of both are compared.
 *
 * @param request - see {@link LoadingRequest}
 * @returns medians in tokens a second
 * @throws SwatError `benchmark` when the batches differ, DataError when the set cannot be read
 */
export async function measureLoading(request: LoadingRequest): Promise<LoadingBenchmark> {
  const { source, lengths, tokensPerBatch, documents, seconds, rounds, report } = request
  const shards = openShards(source.folder, { split: source.split ?? 'train' })
  const rows: LoadingRow[] = []
  try {
    for (const [index, length] of lengths.entries()) {
      const batchSize = Math.max(1, Math.floor(tokensPerBatch / length))
      const options: BatchOptions = { batchSize, length, documents, seed: 1 }
      const direct = nextTokenBatches(shards, options)
      const ahead = await prefetchBatches([source], options)
      try {
        await expectSameBatches(direct, ahead)
        const [here, there]: [number[], number[]] = [[], []]
        for (let round = 0; round < rounds; round++) {
          report?.(index * rounds + round, lengths.length * rounds)
          here.push(await tokensPerSecond(direct, seconds))
          there.push(await tokensPerSecond(ahead, seconds))
        }
        const [tokensPerSecondHere, tokensPerSecondAhead] = [median(here), median(there)]
        rows.push({
          length,
          batchSize,
          tokensPerSecond: tokensPerSecondHere,
          prefetchedTokensPerSecond: tokensPerSecondAhead,
        })
      } finally {
        await ahead.close()
      }
    }
    const { tokenCount, documentCount, manifest } = shards
    return {
      options: { ...source, documents, seconds, rounds },
      tokens: tokenCount,
      documentCount,
      dtype: manifest.dtype,
      rows,
    }
  } finally {
    shards.close()
  }
}

type Batches = Pick<Awaited<ReturnType<typeof prefetchBatches>>, 'tokensPerBatch'> & {
  next(): { inputs: Int32Array } | Promise<{ inputs: Int32Array }>
}

async function expectSameBatches(direct: Batches, ahead: Batches): Promise<void> {
  for (let batch = 0; batch < 4; batch++) {
    const [{ inputs: one }, { inputs: other }] = await Promise.all([direct.next(), ahead.next()])
    if (one.length === other.length && one.every((token, index) => token === other[index])) continue
    throw new SwatError('benchmark', `measureLoading: batch ${batch} read ahead differs from the one read at once.`)
  }
}

async function tokensPerSecond(batches: Batches, seconds: number): Promise<number> {
  const began = performance.now()
  let tokens = 0
  while (performance.now() - began < seconds * 1000) {
    await batches.next()
    tokens += batches.tokensPerBatch
  }
  return tokens / ((performance.now() - began) / 1000)
}
