import { checkChoice } from '../../check-choice.js'
import { checkInteger } from '../../check-integer.js'
import { DataError } from '../../data-error.js'
import type { DocumentSource } from '../../text/node/document-source.js'
import { splitNames, type SplitName } from '../shard-manifest.js'
import { splitByShares } from '../split-by-shares.js'
import type { PrepareProgress } from './prepare-progress.js'

/** The tokenizer of a set: one that is given, one token a byte, or one that is trained first. */
export type SetTokenizer = GivenSetTokenizer | ByteSetTokenizer | TrainedSetTokenizer

/** A tokenizer that is used as it is. */
export interface GivenSetTokenizer {
  /** Path of a tokenizer.json, or of a folder that `readTokenizer` reads. */
  file: string
}

/** The tokenizer whose tokens are bytes. */
export interface ByteSetTokenizer {
  /** One token a byte. */
  type: 'byte'
}

/** A tokenizer that `prepareShards` trains first. */
export interface TrainedSetTokenizer {
  /** Byte-level BPE. */
  type: 'bpe'
  /** The most ids to make; a small text gives fewer. */
  vocabSize: number
  /**
   * The share of the training documents to learn from, above 0 and at most 1: every document is taken with that
   * chance, which the seed decides. Default 1: all of them.
   */
  sampleShare?: number
}

/** How documents are divided. */
export type SetSplit = SharesSplit | HoldOutSplit

/**
 * In every block of as many documents as the shares add up to, a permutation by seed sends exactly its share to each
 * split.
 */
export interface SharesSplit {
  /** Whole documents. */
  by: 'document'
  /** Of train, validation and test: whole numbers, such as the paper's [8, 1, 1] (arXiv 2502.18845). */
  shares: readonly number[]
}

/** As `splitDocuments` does. All documents are held in memory: for a book, not for a crawl. */
export interface HoldOutSplit {
  /** `position`: the end of the whole text is held out, one document may be cut in two. `document`: whole ones. */
  by: 'position' | 'document'
  /** The share of the characters that is held out, above 0 and below 1. */
  validationShare: number
}

/** Inputs for each split. */
export interface NamedSources {
  /** What a model learns from. */
  train: DocumentSource
  /** What it is measured on while it learns. */
  validation?: DocumentSource
  /** What it is measured on at the end. */
  test?: DocumentSource
}

/** Options of {@link prepareShards}. */
export interface PrepareOptions {
  /** The folder of the set: new, empty, or one in which the same preparation was stopped. */
  folder: string
  /** Where documents come from: one source, or one for each split. */
  source: DocumentSource | NamedSources
  /** What makes tokens. */
  tokenizer: SetTokenizer
  /**
   * The special token that is put after every document, or null for none. A tokenizer that is made here gets it; one
   * from a file must have it. Default `<|endoftext|>`.
   */
  endOfDocument?: string | null
  /** How documents are divided, for one source. Default null: all of them are for training. */
  split?: SetSplit | null
  /** A whole number from 0 that decides the split and the sample. Default 0. */
  seed?: number
  /**
   * Leave out documents whose text was there before, in any split: 128 bits of SHA-256 decide. Takes up to 48 bytes of
   * memory a document. Default false.
   */
  deduplicate?: boolean
  /** Threads that make tokens; 0 works in this one. What is written does not depend on it. Default: one a core. */
  workers?: number
  /** A shard is closed with the document that brings it to so many tokens. Default 100,000,000. */
  shardTokens?: number
  /** Removes the set, or the part of it, that is in the folder. Default false: goes on with what is there. */
  restart?: boolean
  /** When it aborts, what was done is kept, so that the same call goes on from there. */
  signal?: AbortSignal
  /** Called as work goes on. */
  onProgress?: (progress: PrepareProgress) => void
  /** Milliseconds between two notes on disk of how far it came. Default 10,000. */
  noteInterval?: number
}

/** The options that decide what is written, with their defaults. */
export interface DecidingOptions {
  tokenizer: GivenSetTokenizer | ByteSetTokenizer | Required<TrainedSetTokenizer>
  endOfDocument: string | null
  split: SetSplit | null
  seed: number
  deduplicate: boolean
  shardTokens: number
}

/** Checks options and fills in those that decide what is written. */
export function resolveOptions(options: PrepareOptions, owner: string): DecidingOptions {
  const { endOfDocument = '<|endoftext|>', split = null, seed = 0, deduplicate = false } = options
  const { shardTokens = 100_000_000, source } = options
  checkInteger(owner, 'seed', seed, 0)
  checkInteger(owner, 'shardTokens', shardTokens, 1)
  if (options.workers !== undefined) checkInteger(owner, 'workers', options.workers, 0, 1024)
  if (split !== null && 'train' in source) {
    throw new DataError(
      'invalid-argument',
      `${owner}: there is a source for each split, so that there is nothing to divide. Leave split out.`,
    )
  }
  if (split !== null) checkSplit(split, seed, owner)
  return { tokenizer: resolveTokenizer(options.tokenizer, owner), endOfDocument, split, seed, deduplicate, shardTokens }
}

function checkSplit(split: SetSplit, seed: number, owner: string): void {
  if (!('shares' in split)) return checkChoice(owner, 'split.by', split.by, ['position', 'document'])
  checkChoice(owner, 'split.by of a split with shares', split.by, ['document'])
  splitByShares(split.shares, seed)
}

function resolveTokenizer(tokenizer: SetTokenizer, owner: string): DecidingOptions['tokenizer'] {
  if ('file' in tokenizer) return tokenizer
  checkChoice(owner, 'tokenizer.type', tokenizer.type, ['byte', 'bpe'])
  if (tokenizer.type === 'byte') return tokenizer
  const { type, vocabSize, sampleShare = 1 } = tokenizer
  checkInteger(owner, 'tokenizer.vocabSize', vocabSize, 256)
  if (!(sampleShare > 0 && sampleShare <= 1)) {
    throw new DataError(
      'invalid-argument',
      `${owner}: tokenizer.sampleShare must be above 0 and at most 1, got ${sampleShare}.`,
    )
  }
  return { type, vocabSize, sampleShare }
}

/** The splits that a set will have. */
export function wantedSplits(source: PrepareOptions['source'], split: SetSplit | null): SplitName[] {
  if ('train' in source) return splitNames.filter((name) => source[name] !== undefined)
  if (split === null) return ['train']
  if ('shares' in split) return splitNames.filter((_, part) => (split.shares[part] ?? 0) > 0)
  return ['train', 'validation']
}

/**
 * What differs between two records of options and inputs.
 *
 * @returns one entry for each value, for people; empty when they are equal
 */
export function differences(before: unknown, now: unknown): string[] {
  const [then, today] = [leaves(before), leaves(now)]
  return [...new Set([...then.keys(), ...today.keys()])]
    .filter((key) => then.get(key) !== today.get(key))
    .map((key) => `${key} (was ${then.get(key) ?? 'absent'}, now ${today.get(key) ?? 'absent'})`)
}

function leaves(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value) ?? 'absent']])
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  if (entries.length === 0) return new Map([[path, Array.isArray(value) ? '[]' : '{}']])
  return new Map(entries.flatMap(([key, entry]) => [...leaves(entry, path === '' ? key : `${path}.${key}`)]))
}
