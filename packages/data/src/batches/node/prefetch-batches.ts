import { checkInteger } from '../../check-integer.js'
import { openTaskPool } from '../../workers/node/task-pool.js'
import { checkCursor, type BatchCursor, type BatchOptions, type TokenBatch } from '../next-token-batches.js'
import type { ReadBatch, ShardedSource } from './read-batches-task.js'

/** Options of {@link prefetchBatches}. */
export interface PrefetchOptions extends BatchOptions {
  /** How many batches are read before they are asked for, from 1. Default 4. */
  ahead?: number
  /** How many threads read: 1, the default, or 0 to read in this one, when a batch is asked for. */
  workers?: 0 | 1
}

/** Batches that another thread reads while the ones before are used. */
export interface PrefetchedBatches {
  /** How many sequences an epoch of each source has, the same in every epoch. */
  readonly sequencesPerEpoch: readonly number[]
  /** How many tokens one batch holds: batchSize · length. */
  readonly tokensPerBatch: number
  /**
   * The next batch, in arrays of its own. Ask for one after the other. If reading it fails, the same batch comes next.
   *
   * @throws {DataError} what reading the shards throws
   */
  next(): Promise<TokenBatch>
  /** Where {@link PrefetchedBatches.next} will read, whatever was read ahead: save it with a checkpoint. */
  cursor(): BatchCursor
  /**
   * Goes to a place that {@link PrefetchedBatches.cursor} gave.
   *
   * @throws {DataError} `invalid-argument` for a place that these sources do not have
   */
  seek(cursor: BatchCursor): void
  /** Ends the thread and closes the files. */
  close(): Promise<void>
}

/**
 * The batches of `nextTokenBatches` over prepared sets, read in a worker thread: a training step does not wait.
 *
 * @param sources - folders of prepared sets, with their weights in the mixture
 * @param options - see {@link PrefetchOptions}
 * @returns the batches; `close` them
 * @throws {DataError} what `openShards` and `nextTokenBatches` throw
 */
export async function prefetchBatches(
  sources: readonly ShardedSource[],
  options: PrefetchOptions,
): Promise<PrefetchedBatches> {
  const { ahead = 4, workers = 1, ...batchOptions } = options
  checkInteger('prefetchBatches', 'ahead', ahead, 1)
  checkInteger('prefetchBatches', 'workers', workers, 0, 1)
  const pool = openTaskPool('readBatches', { sources, options: batchOptions }, workers)
  const { sequencesPerEpoch } = await openEpochs(pool)
  const most = workers === 0 ? 1 : ahead

  let position: BatchCursor = sequencesPerEpoch.map(() => ({ epoch: 0, sequence: 0 }))
  let jump: BatchCursor | null = null
  let underWay: Promise<ReadBatch>[] = []
  let closed: Promise<void> | null = null
  let row = 0 // of batches that follow one another; a jump begins another
  const jumpTo = (place: BatchCursor): void => {
    position = place
    jump = place
    underWay = []
    row++
  }
  const readAhead = (): void => {
    while (underWay.length < most) {
      const batch = pool.run({ seek: jump }) as Promise<ReadBatch>
      batch.catch(() => undefined) // whoever takes it gets the error
      underWay.push(batch)
      jump = null
    }
  }
  const closeAll = async (): Promise<void> => {
    if (workers === 0) await pool.run('close') // a thread that ends closes its files itself
    await pool.close()
  }
  return {
    sequencesPerEpoch,
    tokensPerBatch: options.batchSize * options.length,
    async next() {
      readAhead()
      const asked = row
      try {
        const { batch, cursor } = await underWay.shift()!
        if (asked !== row) return batch
        position = cursor
        if (workers > 0) readAhead()
        return batch
      } catch (error) {
        if (asked === row) jumpTo(position)
        throw error
      }
    },
    cursor: () => position.map((place) => ({ ...place })),
    seek(cursor) {
      checkCursor(cursor, sequencesPerEpoch)
      jumpTo(cursor.map(({ epoch, sequence }) => ({ epoch, sequence })))
    },
    close: () => (closed ??= closeAll()),
  }
}

async function openEpochs(
  pool: ReturnType<typeof openTaskPool<'readBatches'>>,
): Promise<{ sequencesPerEpoch: readonly number[] }> {
  try {
    return (await pool.run('open')) as { sequencesPerEpoch: readonly number[] }
  } catch (error) {
    await pool.close()
    throw error
  }
}
