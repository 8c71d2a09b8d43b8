import type { SplitName } from '../../shards/shard-manifest.js'
import { openShards, type ShardSource } from '../../shards/node/open-shards.js'
import type { Task } from '../../workers/task.js'
import {
  nextTokenBatches,
  type BatchCursor,
  type BatchOptions,
  type BatchSource,
  type TokenBatch,
} from '../next-token-batches.js'

/** A prepared set, or a part of it, in a mixture. */
export interface ShardedSource {
  /** The folder of the set. */
  folder: string
  /** Which part of it. Default `train`. */
  split?: SplitName
  /** Its share of the sequences, relative to the other weights. Default 1. */
  weight?: number
}

/** What {@link readBatches} needs. */
export interface ReadBatchesSetup {
  sources: readonly ShardedSource[]
  options: BatchOptions
}

/** A batch, and where the one after it is. */
export interface ReadBatch {
  batch: TokenBatch
  cursor: BatchCursor
}

/** What {@link readBatches} is asked for. */
export type ReadBatchesInput = { seek: BatchCursor | null } | 'open' | 'close'

/**
 * Reads batches from shards: the next one, or the one at a place; with `open` only how long the epochs are. `close`
 * closes the files.
 */
export const readBatches: Task<
  ReadBatchesSetup,
  ReadBatchesInput,
  ReadBatch | { sequencesPerEpoch: readonly number[] } | null
> = ({ sources, options }) => {
  const opened: { source: ShardSource; weight: number }[] = []
  const close = (): void => {
    for (const { source } of opened) source.close()
  }
  let batches: BatchSource
  try {
    for (const { folder, split = 'train', weight = 1 } of sources) {
      opened.push({ source: openShards(folder, { split }), weight })
    }
    batches = nextTokenBatches(opened, options)
  } catch (error) {
    close()
    throw error
  }
  return (input) => {
    if (input === 'close') {
      close()
      return { output: null }
    }
    if (input === 'open') return { output: { sequencesPerEpoch: batches.sequencesPerEpoch } }
    if (input.seek !== null) batches.seek(input.seek)
    const batch = batches.next()
    const { inputs, labels, segmentIds } = batch
    const transfer = [inputs, labels, ...(segmentIds ? [segmentIds] : [])].map(({ buffer }) => buffer as ArrayBuffer)
    return { output: { batch, cursor: batches.cursor() }, transfer }
  }
}
