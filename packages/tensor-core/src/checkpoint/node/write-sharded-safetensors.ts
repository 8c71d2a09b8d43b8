import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SwatError } from '../../swat-error.js'
import { expectWritable, writeSafetensors, type SafetensorsEntry } from '../safetensors.js'
import { asideName, isLeft, parseAside } from './aside.js'
import { notWritten } from './not-written.js'
import { indexName, isWeights, shardName, wholeName } from './shard-names.js'
import { syncFolder, writeSynced } from './synced.js'

/** How {@link writeShardedSafetensors} writes. */
export interface ShardedSafetensorsOptions {
  /** Bytes of tensors that one file may hold, at least 1; a larger tensor has a file of its own. Default 2e9. */
  maxShardBytes?: number
  /** Strings for the `__metadata__` of every file. */
  metadata?: Readonly<Record<string, string>>
}

type NamedEntry = readonly [string, SafetensorsEntry]

/**
 * Writes weights as Hugging Face does: `model.safetensors` when one file may hold them all, else
 * `model-00001-of-0000N.safetensors` and so on, filled in the order of the entries, with
 * `model.safetensors.index.json`. Holds one file's bytes besides the entries.
 *
 * All files are written aside and synced to the disk before the first gets its name, and weights that stood there are
 * removed last. Killed in between, the folder holds the old weights or the new ones. The exception is a folder with as
 * many shards as the new weights have: killed among the renames it holds neither, has no index, and says so when read.
 *
 * @param folder - where to write; it is created
 * @param entries - names and tensors
 * @param options - size of the files and metadata
 * @returns names of the files in the folder, the index last
 * @throws SwatError `safetensors` for what `writeSafetensors` refuses and for a `maxShardBytes` that is no whole
 * number from 1; `checkpoint-not-written` when the disk is full or the place cannot be written; old weights stay
 */
export async function writeShardedSafetensors(
  folder: string,
  entries: Iterable<NamedEntry>,
  { maxShardBytes = 2e9, metadata }: ShardedSafetensorsOptions = {},
): Promise<string[]> {
  const all = [...entries]
  expectWritable('writeShardedSafetensors', all, metadata)
  const contents = contentsOf(shardsOf(all, maxShardBytes), metadata)
  const target = resolve(folder)
  const asides = new Map<string, string>()
  try {
    await mkdir(target, { recursive: true })
    for (const [name, content] of contents) {
      asides.set(name, asideName(join(target, name), 'tmp'))
      await writeSynced(asides.get(name) as string, content())
    }
    const old = await readdir(target)
    if (old.some((name) => asides.has(name) && name !== wholeName && name !== indexName)) {
      await rm(join(target, indexName), { force: true }) // it must not join old shards and new ones
      await syncFolder(target)
    }
    for (const [name, aside] of asides) {
      await rename(aside, join(target, name))
      await syncFolder(target)
    }
    await removeOld(target, old, asides)
  } catch (error) {
    for (const aside of asides.values()) await rm(aside, { force: true }).catch(() => {})
    throw error instanceof SwatError ? error : notWritten('writeShardedSafetensors', target, error)
  }
  return [...asides.keys()]
}

function shardsOf(entries: readonly NamedEntry[], maxShardBytes: number): NamedEntry[][] {
  if (!Number.isSafeInteger(maxShardBytes) || maxShardBytes < 1) {
    throw new SwatError(
      'safetensors',
      `writeShardedSafetensors: maxShardBytes must be a whole number from 1, but is ${maxShardBytes}. ` +
        `Leave it out for 2e9.`,
    )
  }
  const shards: NamedEntry[][] = [[]]
  let bytes = 0
  for (const entry of entries) {
    const { byteLength } = entry[1].data
    if (bytes > 0 && bytes + byteLength > maxShardBytes) {
      shards.push([])
      bytes = 0
    }
    shards[shards.length - 1].push(entry)
    bytes += byteLength
  }
  return shards
}

/** What each file will hold, made when it is written; the index last. */
function contentsOf(
  shards: readonly NamedEntry[][],
  metadata?: Readonly<Record<string, string>>,
): [string, () => Uint8Array | string][] {
  if (shards.length === 1) return [[wholeName, () => writeSafetensors(shards[0], metadata)]]
  const names = shards.map((_, i) => shardName(i, shards.length))
  const files = shards.map((shard, i): [string, () => Uint8Array] => [
    names[i],
    () => writeSafetensors(shard, metadata),
  ])
  return [...files, [indexName, () => indexText(shards, names)]]
}

function indexText(shards: readonly NamedEntry[][], files: readonly string[]): string {
  const bytes = shards.flat().reduce((sum, [, { data }]) => sum + data.byteLength, 0)
  const places = shards.flatMap((shard, i) => shard.map(([name]) => [name, files[i]] as const))
  const index = { metadata: { total_size: bytes }, weight_map: Object.fromEntries(places) }
  return `${JSON.stringify(index, null, 2)}\n`
}

/** Removes weights that stood there, what readers look for first; and what killed processes left. */
async function removeOld(folder: string, old: readonly string[], written: ReadonlyMap<string, string>): Promise<void> {
  const weights = [wholeName, indexName, ...old.filter((name) => isWeights(name))].filter((name) => !written.has(name))
  const left = old.filter((name) => {
    const aside = parseAside(name)
    return aside !== null && isWeights(aside.target) && isLeft(aside)
  })
  for (const name of [...weights, ...left]) await rm(join(folder, name), { force: true })
  await syncFolder(folder)
}
