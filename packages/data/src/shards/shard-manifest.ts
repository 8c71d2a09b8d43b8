import { DataError } from '../data-error.js'
import { expectVersion, tokenDtype, type TokenDtype } from './shard-header.js'

/** The name of the format in a manifest. */
export const manifestFormat = 'swat-token-shards'

/** The parts of a set: what a model learns from, what it is measured on while it learns, and what only at the end. */
export const splitNames = ['train', 'validation', 'test'] as const

/** One of the parts of a set. */
export type SplitName = (typeof splitNames)[number]

/** One file of tokens. */
export interface ShardEntry {
  /** Name of the file in the folder of the set, such as `train-00000.tokens`. */
  file: string
  /** How many tokens it has. */
  tokens: number
  /** How many documents they belong to. */
  documents: number
  /** How many bytes of UTF-8 the texts of these documents have. */
  bytes: number
  /** SHA-256 of all bytes after the file's header. */
  sha256: string
}

/** One part of a set. */
export interface ManifestSplit {
  /** How many tokens all of its shards have. */
  tokens: number
  /** How many documents they belong to. */
  documents: number
  /** How many bytes of UTF-8 the texts have; end-of-document tokens have none. */
  bytes: number
  /** The shards in their order. */
  shards: ShardEntry[]
}

/** An input of a set. */
export interface ManifestInput {
  /** Its path, module or address. */
  name: string
  /** The split that all of its documents belong to; null if they were divided. */
  split: SplitName | null
  /** Its bytes as stored; null where unknown. */
  bytes: number | null
}

/** How many documents were left out. */
export interface SkippedDocuments {
  /** Those without a character. */
  empty: number
  /** Those whose text was there before. */
  duplicates: number
}

/** The token after every document. */
export interface ManifestEndOfDocument {
  /** Its text. */
  text: string
  /** Its id. */
  id: number
}

/** Where a set comes from: with the same inputs and options `prepareShards` writes the same bytes. */
export interface ManifestProvenance {
  /** The files, modules and remote files that were read, in their order. */
  inputs: ManifestInput[]
  /** The options of `prepareShards` that decide what is written. */
  options: Record<string, unknown>
  /** What wrote it: `format`, the package `@swat-js/data`, and `unicode`, which decides where words are cut. */
  versions: Record<string, string>
  /** SHA-256 of tokenizer.json. */
  tokenizer: string
  /** Documents that were left out: those without a character, and repeats if `deduplicate` was on. */
  skipped: SkippedDocuments
}

/** manifest.json: what a prepared set holds. It is written last: a folder without it is no complete set. */
export interface ShardManifest {
  /** `swat-token-shards`. */
  format: typeof manifestFormat
  /** The version of the format. */
  version: number
  /** How ids are stored in the shards. */
  dtype: TokenDtype
  /** How many ids the tokenizer has. */
  vocabSize: number
  /** The token that follows every document, or null. */
  endOfDocument: ManifestEndOfDocument | null
  /** The parts by name. */
  splits: Partial<Record<SplitName, ManifestSplit>>
  /** Where the set comes from. */
  provenance: ManifestProvenance
}

/**
 * Checks what a manifest.json holds.
 *
 * @param json the parsed file
 * @param owner the function to name in errors
 * @param name the file to name in errors
 * @throws {DataError} `invalid-shards` that says what is wrong; `unsupported-version` if a newer version wrote it
 */
export function parseManifest(json: unknown, owner: string, name: string): ShardManifest {
  const refuse = (reason: string): never => {
    throw new DataError('invalid-shards', `${owner}: ${name}: ${reason}. Prepare the set again.`)
  }
  if (!isRecord(json) || json.format !== manifestFormat) {
    const found = isRecord(json) ? JSON.stringify(json.format) : JSON.stringify(json)
    return refuse(`format must be "${manifestFormat}", got ${found}`)
  }
  if (!isCount(json.version)) return refuse(`version must be a whole number, got ${JSON.stringify(json.version)}`)
  expectVersion(json.version, owner, name)
  const { vocabSize, dtype, endOfDocument, splits, provenance } = json
  if (!isCount(vocabSize) || vocabSize < 1) {
    return refuse(`vocabSize must be a whole number of at least 1, got ${JSON.stringify(vocabSize)}`)
  }
  if (dtype !== tokenDtype(vocabSize)) {
    const expected = tokenDtype(vocabSize)
    return refuse(`dtype of ${vocabSize} ids must be "${expected}", got ${JSON.stringify(dtype)}`)
  }
  if (endOfDocument !== null) {
    const { text, id } = isRecord(endOfDocument) ? endOfDocument : {}
    if (typeof text !== 'string' || !isCount(id) || id >= vocabSize) {
      return refuse(`endOfDocument must be null or have a text and an id below ${vocabSize}`)
    }
  }
  if (!isRecord(splits)) return refuse('splits must be an object')
  for (const [split, part] of Object.entries(splits)) {
    if (!splitNames.some((known) => known === split)) return refuse(`there is no split "${split}"`)
    checkSplit(split, part, refuse)
  }
  if (!isRecord(provenance) || typeof provenance.tokenizer !== 'string') return refuse('provenance is missing')
  return json as unknown as ShardManifest
}

function checkSplit(split: string, part: unknown, refuse: (reason: string) => never): void {
  if (!isRecord(part) || !Array.isArray(part.shards)) return refuse(`splits.${split}.shards must be a list`)
  const sums = { tokens: 0, documents: 0, bytes: 0 }
  for (const [index, shard] of part.shards.entries()) {
    const place = `splits.${split}.shards[${index}]`
    if (!isRecord(shard) || shard.file !== shardFileName(split, index)) {
      return refuse(`${place}.file must be "${shardFileName(split, index)}"`)
    }
    if (typeof shard.sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(shard.sha256)) {
      return refuse(`${place}.sha256 must be 64 hexadecimal digits`)
    }
    for (const key of countNames) {
      const value = shard[key]
      if (!isCount(value)) return refuse(`${place}.${key} must be a whole number, got ${JSON.stringify(value)}`)
      sums[key] += value
    }
  }
  for (const key of countNames) {
    if (part[key] !== sums[key]) {
      return refuse(`splits.${split}.${key} is ${JSON.stringify(part[key])}, its shards have ${sums[key]}`)
    }
  }
}

const countNames = ['tokens', 'documents', 'bytes'] as const

/** The name of a split's shard, from 0 on. */
export function shardFileName(split: string, index: number): string {
  return `${split}-${String(index).padStart(5, '0')}.tokens`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
