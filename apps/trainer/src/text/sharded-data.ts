import { createHash } from 'node:crypto'
import type { BatchOptions, ShardManifest, TokenStream } from '@swat-js/data'
import { openShards, prefetchBatches, readTokenizer, type ShardSource } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import type { RunConfig, ShardSet } from '../config/run-config.js'
import { expectScorable } from './expect-scorable.js'
import { firstWords } from './first-words.js'
import type { RunData } from './run-data.js'
import { shareOut } from './share-out.js'

/** As a configuration names them: one folder, or several with weights. */
export type GivenShards = NonNullable<RunConfig['data']['shards']>

/** Prepared sets by folder and weight. */
export function listShards(shards: GivenShards): ShardSet[] {
  return typeof shards === 'string' ? [{ folder: shards, weight: 1 }] : shards
}

/**
 * A configuration with the tokenizer of its shards, which is the only one that fits them.
 *
 * @param config - the complete configuration
 * @returns the same where the text does not come from shards
 * @throws DataError when the sets cannot be opened, SwatError `config` when their tokenizers differ
 */
export function withTokenizerOfShards(config: RunConfig): RunConfig {
  if (config.data.shards === undefined) return config
  const sets = listShards(config.data.shards)
  const [first, ...others] = sets.map(({ folder }) => {
    const { manifest, tokenizerPath, close } = openShards(folder, { split: 'train' })
    close()
    return { folder, manifest, tokenizerPath }
  })
  for (const { folder, manifest } of others) {
    if (manifest.provenance.tokenizer === first.manifest.provenance.tokenizer) continue
    throw new SwatError(
      'config',
      `data.shards: ${folder} was made with another tokenizer than ${first.folder}. Prepare both with the same one, ` +
        `for example with --tokenizer ${first.tokenizerPath}.`,
    )
  }
  return {
    ...config,
    tokenizer: { file: first.tokenizerPath, endOfDocument: first.manifest.endOfDocument?.text ?? null },
  }
}

/** Opens the shards of a run: {@link RunData} of which a worker thread reads the batches. */
export async function openShardedData(
  shards: GivenShards,
  config: RunConfig,
  batchOptions: BatchOptions,
): Promise<RunData> {
  const sets = listShards(shards)
  const tokenizer = await readTokenizer(config.tokenizer.file as string)
  const manifests = sets.map(({ folder }) => {
    const { manifest, close } = openShards(folder, { split: 'train' })
    close()
    return manifest
  })
  const heldOut = readHeldOut(sets, config)
  expectScorable(heldOut, tokenizer, 'data.shards: the validation split')
  const [trainTokens, trainBytes] = (['tokens', 'bytes'] as const).map((key) =>
    manifests.reduce((sum, { splits }) => sum + (splits.train?.[key] ?? 0), 0),
  )
  const text = tokenizer.decode(heldOut.subarray(0, 100))
  return {
    tokenizer,
    batches: await prefetchBatches(sets, batchOptions),
    trainTokens,
    bytesPerToken: trainBytes / trainTokens,
    heldOut,
    digest: digestOf(manifests, sets),
    firstWords: firstWords([{ text, name: 'validation' }]),
  }
}

/**
 * What is measured of the held-out tokens: of several sets, as much of each as its weight says. So are the first
 * `validation.tokens`, which are measured at intervals; a set that has less is measured whole.
 *
 * @throws SwatError `config` when a set has none, or they are too many to be held in memory
 */
export function readHeldOut(
  sets: readonly ShardSet[],
  { validation }: Pick<RunConfig, 'validation'>,
): TokenStream['tokens'] {
  const opened = sets.map(({ folder }) => openValidation(folder))
  try {
    const total = opened.reduce((sum, { tokenCount }) => sum + tokenCount, 0)
    const wanted = Math.min(total, Math.max(validation.tokens, validation.finalTokens ?? total))
    if (wanted > mostHeldOut) {
      throw new SwatError(
        'config',
        `validation.finalTokens: expected at most ${mostHeldOut}, got ${validation.finalTokens ?? `null, all ${total} of the shards`}.`,
      )
    }
    const [{ manifest }] = opened
    const tokens = manifest.dtype === 'uint16' ? new Uint16Array(wanted) : new Uint32Array(wanted)
    const weights = sets.map(({ weight }) => weight)
    const done = opened.map(() => 0)
    let position = 0
    for (const end of [Math.min(validation.tokens, wanted), wanted]) {
      const left = opened.map(({ tokenCount }, index) => tokenCount - done[index])
      for (const [index, count] of shareOut(end - position, left, weights).entries()) {
        for (let start = 0; start < count; start += chunk) {
          const part = new Int32Array(Math.min(chunk, count - start))
          opened[index].read(done[index] + start, part)
          tokens.set(part, position + start)
        }
        done[index] += count
        position += count
      }
    }
    return tokens
  } finally {
    for (const { close } of opened) close()
  }
}

const mostHeldOut = 2 ** 30
const chunk = 2 ** 20

function openValidation(folder: string): ShardSource {
  const { manifest, close } = openShards(folder, { split: 'train' })
  close()
  if (manifest.splits.validation !== undefined) return openShards(folder, { split: 'validation' })
  throw new SwatError(
    'config',
    `data.shards: ${folder} has no validation split to measure a model on. Prepare it with --split 8:1:1 or with ` +
      '--validation <files>.',
  )
}

function digestOf(manifests: readonly ShardManifest[], sets: readonly ShardSet[]): string {
  const hash = createHash('sha256')
  for (const [index, { splits }] of manifests.entries()) {
    const shards = [splits.train, splits.validation].map((split) => split?.shards.map(({ sha256 }) => sha256) ?? [])
    hash.update(JSON.stringify({ shards, weight: sets[index].weight }))
  }
  return hash.digest('hex')
}
