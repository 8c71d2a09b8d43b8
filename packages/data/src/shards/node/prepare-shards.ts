import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { randomGenerator } from '../../random/random-generator.js'
import { splitDocuments } from '../../text/split-documents.js'
import type { Document } from '../../text/document.js'
import { openInputs } from '../../text/node/open-inputs.js'
import { loadTokenizer } from '../../tokens/load-tokenizer.js'
import type { PackedTexts } from '../../tokens/pack-texts-task.js'
import { openTaskPool } from '../../workers/node/task-pool.js'
import { DigestTable } from '../digest-table.js'
import { shardVersion, tokenDtype } from '../shard-header.js'
import {
  manifestFormat,
  splitNames,
  type ManifestSplit,
  type ShardEntry,
  type ShardManifest,
  type SplitName,
} from '../shard-manifest.js'
import { splitByShares } from '../split-by-shares.js'
import { expectNotStopped } from './expect-not-stopped.js'
import { lockSet } from './lock-set.js'
import { makeSetTokenizer, readTokenizerFile } from './make-set-tokenizer.js'
import { expectShard, readManifest } from './open-shards.js'
import {
  differences,
  resolveOptions,
  wantedSplits,
  type DecidingOptions,
  type PrepareOptions,
} from './prepare-options.js'
import { openDigestFile, readState, writeState, type DigestFile, type PrepareState } from './prepare-state.js'
import {
  firstPosition,
  memoryInput,
  selectDocuments,
  type SelectedDocument,
  type SplitInput,
} from './select-documents.js'
import {
  clearSet,
  expectOwnFolder,
  makeFolders,
  makeUnfinished,
  removeEmptyFolders,
  removeOthers,
  removeSet,
  removeUnfinished,
  unfinishedName,
} from './set-folder.js'
import { openShardWriter, type ShardWriter } from './shard-writer.js'
import { writeWhole } from './write-whole.js'

const owner = 'prepareShards'

/** What {@link prepareShards} made. */
export interface PreparedSet {
  /** The folder. */
  folder: string
  /** What is in it. */
  manifest: ShardManifest
  /** `new`; `resumed`, after a stop; or `present`: the same set was complete before. */
  outcome: 'new' | 'resumed' | 'present'
  /** Seconds of this session, from the first document to the manifest, training of a tokenizer included. */
  seconds: number
  /** Seconds of them that went into the tokenizer. */
  tokenizerSeconds: number
  /** Tokens that were written in a second of this session, without the training of a tokenizer. */
  tokensPerSecond: number
}

/**
 * Turns documents into token shards in a folder that `openShards` reads: documents → tokenizer, trained first if asked
 * → tokens, in worker threads → shards, then a manifest.
 *
 * - What is written depends on inputs and options alone: not on `workers`, and not on how often the work was stopped.
 * - A call that was stopped, by `signal`, an error, a kill or a power cut, goes on when it is made again. What is not
 *   complete lies in the subfolder `unfinished`; the manifest comes last.
 * - Documents stay in the order of the inputs. Those without a character are left out, and counted.
 * - Memory does not grow with the inputs, but for `deduplicate` and a split with `validationShare`.
 *
 * @throws {DataError} `invalid-argument`; what reading, training and splitting throw; `different-preparation` for a
 *   folder that holds something else, or was begun with other options or inputs; `folder-locked` while another process
 *   prepares there; `text-too-short` if a split would be empty; `unreadable-file` if the system refuses to write;
 *   `aborted`
 */
export async function prepareShards(options: PrepareOptions): Promise<PreparedSet> {
  const deciding = resolveOptions(options, owner)
  const given =
    'file' in deciding.tokenizer
      ? await readTokenizerFile(deciding.tokenizer.file, deciding.endOfDocument, owner)
      : null
  const inputs = await openSetInputs(options.source)
  const made = {
    inputs: inputs.map(({ input, split }) => ({ name: input.name, split, bytes: input.byteLength })),
    options: describeOptions(options, deciding, given),
    versions: versions(),
  }
  const madeFolders = makeFolders(options.folder, owner)
  try {
    const unlock = lockSet(options.folder, owner)
    try {
      const unfinished = join(options.folder, unfinishedName)
      return await prepareIn({ options, deciding, given, made, unfinished }, inputs)
    } finally {
      unlock()
    }
  } finally {
    removeEmptyFolders(madeFolders)
  }
}

/** One call, with everything that does not change. */
interface Preparation {
  options: PrepareOptions
  deciding: DecidingOptions
  /** Contents of the tokenizer.json that was given. */
  given: Uint8Array | null
  made: PrepareState['made']
  unfinished: string
}

async function prepareIn(preparation: Preparation, inputs: readonly SplitInput[]): Promise<PreparedSet> {
  const { options, made, unfinished } = preparation
  const { folder, restart = false, signal } = options
  expectNotStopped(signal)
  expectOwnFolder(folder, restart, owner)
  if (restart) clearSet(folder, owner)
  if (existsSync(join(folder, 'manifest.json'))) {
    const manifest = presentSet(folder, made)
    removeUnfinished(folder, owner)
    return { folder, manifest, outcome: 'present', seconds: 0, tokenizerSeconds: 0, tokensPerSecond: 0 }
  }
  let state = readState(unfinished, owner)
  const outcome = state === null || state.tokenizer === null ? 'new' : 'resumed'
  if (state === null) {
    clearSet(folder, owner)
    state = { made, tokenizer: null, position: firstPosition, digests: 0, splits: {} }
  } else expectSame(folder, state.made, made)

  try {
    makeUnfinished(folder, owner)
    writeState(unfinished, state, owner)
    const began = performance.now()
    const chosen = await chooseInputs(preparation, inputs)
    const tokenizer = loadSetTokenizer(await obtainTokenizer(preparation, chosen, state), preparation.deciding)
    const tokenizerSeconds = (performance.now() - began) / 1000
    const { reached, tokens } = await writeShards(preparation, chosen, state, tokenizer)
    const manifest = complete(preparation, reached, chosen, tokenizer)
    const seconds = (performance.now() - began) / 1000
    const tokensPerSecond = tokens / Math.max(seconds - tokenizerSeconds, 1e-3)
    return { folder, manifest, outcome, seconds, tokenizerSeconds, tokensPerSecond }
  } catch (error) {
    if (error instanceof DataError && error.code !== 'aborted' && !isWorthKeeping(preparation, error)) {
      removeSet(folder, owner)
    }
    throw error
  }
}

/** Whether a call that failed left something that took time and can be gone on with. */
function isWorthKeeping({ deciding, unfinished }: Preparation, error: DataError): boolean {
  const state = readState(unfinished, owner)
  if (state === null || error.code === 'text-too-short') return false
  return state.position.kept > 0 || ('vocabSize' in deciding.tokenizer && state.tokenizer !== null)
}

/** The inputs of a set in the order in which they are read. */
async function openSetInputs(source: PrepareOptions['source']): Promise<SplitInput[]> {
  if (!('train' in source)) return (await openInputs(source, owner)).map((input) => ({ input, split: null }))
  const inputs: SplitInput[] = []
  for (const split of splitNames) {
    const own = source[split]
    if (own !== undefined) for (const input of await openInputs(own, owner)) inputs.push({ input, split })
  }
  return inputs
}

const decidingSourceKeys = [
  'module',
  'hub',
  'revision',
  'files',
  'format',
  'textField',
  'recordsPath',
  'missingText',
  'invalidText',
] as const

/** The deciding options as the manifest holds them: without paths of tokenizers and without secrets. */
function describeOptions(
  { source }: PrepareOptions,
  { tokenizer, ...deciding }: DecidingOptions,
  given: Uint8Array | null,
): Record<string, unknown> {
  const describe = (own: object | undefined): Record<string, unknown> | undefined =>
    own && Object.fromEntries(decidingSourceKeys.filter((key) => key in own).map((key) => [key, Reflect.get(own, key)]))
  const sources =
    'train' in source
      ? Object.fromEntries(splitNames.filter((split) => source[split]).map((split) => [split, describe(source[split])]))
      : describe(source)
  return { source: sources, tokenizer: given === null ? tokenizer : { sha256: sha256(given) }, ...deciding }
}

function versions(): Record<string, string> {
  const path = createRequire(import.meta.url).resolve('@swat-js/data/package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return { format: String(shardVersion), '@swat-js/data': version, unicode: process.versions.unicode ?? 'unknown' }
}

function presentSet(folder: string, made: PrepareState['made']): ShardManifest {
  const manifest = readManifest(folder, owner)
  const { inputs, options } = manifest.provenance
  expectSame(folder, { inputs, options }, { inputs: made.inputs, options: made.options })
  for (const part of Object.values(manifest.splits)) {
    for (const shard of part.shards) expectShard(folder, shard, manifest, owner)
  }
  return manifest
}

function expectSame(folder: string, before: object, now: object): void {
  const found = differences(before, now)
  if (found.length === 0) return
  const shown = found.slice(0, 5).join('; ') + (found.length > 5 ? `; and ${found.length - 5} more` : '')
  throw new DataError(
    'different-preparation',
    `${owner}: ${folder} holds a set that was prepared otherwise. What differs: ${shown}. Restore these, choose ` +
      'another folder, or begin anew with restart.',
  )
}

/** Inputs as they are read, once or twice. */
interface ChosenInputs {
  inputs: readonly SplitInput[]
  /** What was left out already. */
  skipped: { empty: number; duplicates: number }
  /** Whether repeats are still to be left out. */
  deduplicate: boolean
  splitOf: (kept: number) => SplitName
}

/** A split by share of the characters needs all documents: they are read, divided, and are inputs in memory then. */
async function chooseInputs(
  { deciding, options: { signal } }: Preparation,
  inputs: readonly SplitInput[],
): Promise<ChosenInputs> {
  const { split, seed, deduplicate } = deciding
  const skipped = { empty: 0, duplicates: 0 }
  if (split === null) return { inputs, skipped, deduplicate, splitOf: () => 'train' }
  if ('shares' in split) return { inputs, skipped, deduplicate, splitOf: splitByShares(split.shares, seed) }
  const documents: Document[] = []
  const met = deduplicate ? new DigestTable() : null
  const selection = selectDocuments(inputs, { splitOf: () => 'train', met, from: firstPosition, signal })
  for (;;) {
    const next = await selection.next()
    if (next.done === true) {
      skipped.empty = next.value.empty
      skipped.duplicates = next.value.duplicates
      break
    }
    documents.push({ text: next.value.text, name: next.value.name })
  }
  const divided = splitDocuments(documents, { ...split, seed })
  return {
    inputs: (['train', 'validation'] as const).map((name) => ({
      input: memoryInput(name, divided[name]),
      split: name,
    })),
    skipped,
    deduplicate: false,
    splitOf: () => 'train',
  }
}

/** Makes, copies or trains the tokenizer, unless it is there. Returns the contents of tokenizer.json. */
async function obtainTokenizer(
  preparation: Preparation,
  chosen: ChosenInputs,
  state: PrepareState,
): Promise<Uint8Array> {
  const { options, deciding, given, unfinished } = preparation
  const path = join(options.folder, 'tokenizer.json')
  if (state.tokenizer !== null) {
    const found = existsSync(path) ? readFileSync(path) : null
    if (found !== null && sha256(found) === state.tokenizer) return found
    throw new DataError(
      'different-preparation',
      `${owner}: ${path} is not the one that was begun with. Restore it, or begin anew with restart.`,
    )
  }
  const contents = given ?? (await makeSetTokenizer(deciding, trainingTexts(preparation, chosen), options))
  writeWhole(path, contents, owner)
  state.tokenizer = sha256(contents)
  writeState(unfinished, state, owner)
  return contents
}

/** What shards need to know of a tokenizer. */
interface LoadedTokenizer {
  /** The parsed tokenizer.json. */
  json: unknown
  vocabSize: number
  endOfDocument: ShardManifest['endOfDocument']
}

function loadSetTokenizer(contents: Uint8Array, { endOfDocument: text }: DecidingOptions): LoadedTokenizer {
  const json: unknown = JSON.parse(new TextDecoder().decode(contents))
  const { vocabSize, specialTokens } = loadTokenizer(json)
  return { json, vocabSize, endOfDocument: text === null ? null : { text, id: specialTokens.get(text)! } }
}

/** The texts that a tokenizer learns from: those of the training split, or a sample of them. */
async function* trainingTexts({ options, deciding }: Preparation, chosen: ChosenInputs): AsyncGenerator<string> {
  const { tokenizer, seed } = deciding
  const { onProgress, signal } = options
  const share = 'sampleShare' in tokenizer ? tokenizer.sampleShare : 1
  const isSampled = (kept: number): boolean =>
    share === 1 || randomGenerator(seed, kept, 0).below(2 ** 32) < share * 2 ** 32
  const met = chosen.deduplicate ? new DigestTable() : null
  const total = bytesOfInputs(chosen)
  const onRead = (done: number): void => onProgress?.({ stage: 'tokenizer', work: 'reading', done, total })
  const selection = { splitOf: chosen.splitOf, met, from: firstPosition, onRead, signal }
  for await (const { text, split, position } of selectDocuments(chosen.inputs, selection)) {
    if (split === 'train' && isSampled(position.kept)) yield text
  }
}

/** Bytes of all inputs as stored; null if that is unknown of one. */
function bytesOfInputs({ inputs }: ChosenInputs): number | null {
  const sizes = inputs.map(({ input }) => input.byteLength)
  return sizes.every((size) => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
}

const batchCharacters = 1 << 18

/** Documents → tokens → shards, from where the state says. */
async function writeShards(
  preparation: Preparation,
  chosen: ChosenInputs,
  state: PrepareState,
  tokenizer: LoadedTokenizer,
): Promise<{ reached: PrepareState; tokens: number }> {
  const { options, deciding, unfinished } = preparation
  const { folder, signal, workers = availableParallelism(), noteInterval = 10_000 } = options
  const { shardTokens } = deciding
  const dtype = tokenDtype(tokenizer.vocabSize)

  const met = chosen.deduplicate ? new DigestTable() : null
  let digests: DigestFile | null = null
  const selection = selectDocuments(chosen.inputs, { ...chosen, met, from: state.position, signal })
  const writers = new Map<SplitName, ShardWriter>()
  const pool = openTaskPool(
    'packTexts',
    { tokenizer: tokenizer.json, endOfDocument: tokenizer.endOfDocument?.id ?? null },
    workers,
  )
  const writerOf = (split: SplitName): ShardWriter => {
    let writer = writers.get(split)
    if (writer === undefined) {
      writer = openShardWriter({ folder, unfinished, split, dtype, shardTokens, owner }, state.splits[split])
      writers.set(split, writer)
    }
    return writer
  }
  let { position } = state
  const note = (): PrepareState => {
    const splits = { ...state.splits }
    for (const [split, writer] of writers) splits[split] = writer.sync()
    const reached: PrepareState = { ...state, position, digests: digests?.sync() ?? 0, splits }
    writeState(unfinished, reached, owner)
    for (const writer of writers.values()) writer.publish()
    return reached
  }

  const report = progressReporter(preparation, chosen, state)
  const underWay: { documents: SelectedDocument[]; packed: Promise<PackedTexts> }[] = []
  let notedAt = performance.now()
  const writeOldest = async (): Promise<void> => {
    const { documents, packed } = underWay.shift()!
    const { tokens, lengths, byteLengths } = await packed
    let start = 0
    for (const [index, { split, digest }] of documents.entries()) {
      const end = start + lengths[index]!
      writerOf(split).append(tokens.subarray(start, end), byteLengths[index]!)
      if (digest !== null) digests?.add(digest)
      start = end
    }
    const last = documents.at(-1)!
    position = last.position
    report(last.bytesRead, documents.length, byteLengths, tokens.length)
    expectNotStopped(signal)
    if (performance.now() - notedAt < noteInterval) return
    note()
    notedAt = performance.now()
  }
  const send = async (documents: SelectedDocument[]): Promise<void> => {
    const packed = pool.run(documents.map(({ text }) => text))
    packed.catch(() => {}) // it is awaited in its turn
    underWay.push({ documents, packed })
    if (underWay.length > 2 * workers) await writeOldest()
  }

  try {
    digests = met && openDigestFile(unfinished, state.digests, met, owner)
    for (const split of splitNames) if (state.splits[split]) writerOf(split)
    removeOthers(folder, unfinished, state)
    let batch: SelectedDocument[] = []
    let characters = 0
    for (;;) {
      const next = await selection.next()
      if (!next.done) {
        batch.push(next.value)
        characters += next.value.text.length
      }
      if (batch.length > 0 && (next.done || characters >= batchCharacters)) {
        await send(batch)
        batch = []
        characters = 0
      }
      if (!next.done) continue
      while (underWay.length > 0) await writeOldest()
      position = next.value
      break
    }
    for (const writer of writers.values()) writer.seal()
    return { reached: note(), tokens: report.tokens() }
  } catch (error) {
    if (error instanceof DataError && error.code === 'aborted') note()
    throw error
  } finally {
    for (const writer of writers.values()) writer.close()
    digests?.close()
    try {
      await selection.return(position)
    } finally {
      await pool.close()
    }
  }
}

/** Writes the manifest and removes what was needed to write it. */
function complete(
  { options, deciding, made }: Preparation,
  { splits: reached, position, tokenizer }: PrepareState,
  { skipped }: ChosenInputs,
  { vocabSize, endOfDocument }: LoadedTokenizer,
): ShardManifest {
  const splits: ShardManifest['splits'] = {}
  for (const split of wantedSplits(options.source, deciding.split)) {
    const shards = reached[split]?.finished ?? []
    if (shards.length === 0) throw emptySplit(split, position.kept, deciding)
    splits[split] = { ...sumOf(shards), shards }
  }
  const manifest: ShardManifest = {
    format: manifestFormat,
    version: shardVersion,
    dtype: tokenDtype(vocabSize),
    vocabSize,
    endOfDocument,
    splits,
    provenance: {
      ...made,
      tokenizer: tokenizer!,
      skipped: {
        empty: skipped.empty + position.empty,
        duplicates: skipped.duplicates + position.duplicates,
      },
    },
  }
  writeWhole(join(options.folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, owner)
  removeUnfinished(options.folder, owner)
  return manifest
}

function sumOf(shards: readonly ShardEntry[]): Omit<ManifestSplit, 'shards'> {
  const sum = (key: 'tokens' | 'documents' | 'bytes'): number => shards.reduce((total, shard) => total + shard[key], 0)
  return { tokens: sum('tokens'), documents: sum('documents'), bytes: sum('bytes') }
}

function emptySplit(split: SplitName, documents: number, { split: wanted }: DecidingOptions): DataError {
  if (wanted === null || !('shares' in wanted)) {
    return new DataError('text-too-short', `${owner}: there is no document with text for ${split}. Bring some text.`)
  }
  return new DataError(
    'text-too-short',
    `${owner}: with shares of ${wanted.shares.join(' : ')}, ${documents} documents give ${split} none. Bring more ` +
      `documents, choose another seed or other shares, or split by: 'position'.`,
  )
}

interface ProgressReporter {
  (bytesRead: number, documents: number, byteLengths: Uint32Array, tokens: number): void
  /** Tokens of this session. */
  tokens(): number
}

function progressReporter({ options }: Preparation, chosen: ChosenInputs, state: PrepareState): ProgressReporter {
  const sizes = chosen.inputs.map(({ input }) => input.byteLength)
  const bytesTotal = bytesOfInputs(chosen)
  const before = Object.values(state.splits).flatMap(({ finished, open }) => [...finished, open])
  const sum = (key: 'tokens' | 'documents' | 'bytes'): number => before.reduce((total, part) => total + part[key], 0)
  const written = { documents: sum('documents'), bytes: sum('bytes'), tokens: sum('tokens') }
  const tokensBefore = written.tokens
  const began = performance.now()
  let firstRead: number | null = null
  const report = (bytesRead: number, documents: number, byteLengths: Uint32Array, tokens: number): void => {
    written.documents += documents
    written.bytes += byteLengths.reduce((total, bytes) => total + bytes, 0)
    written.tokens += tokens
    firstRead ??= sizes.slice(0, state.position.input).reduce<number>((total, size) => total + (size ?? 0), 0)
    const seconds = (performance.now() - began) / 1000
    const share = bytesTotal === null ? 0 : (bytesRead - firstRead) / Math.max(bytesTotal - firstRead, 1)
    options.onProgress?.({
      stage: 'shards',
      ...written,
      tokensPerSecond: (written.tokens - tokensBefore) / seconds,
      bytesRead,
      bytesTotal,
      secondsLeft: share > 0 ? (seconds * (1 - share)) / share : null,
    })
  }
  return Object.assign(report, { tokens: () => written.tokens - tokensBefore })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
