import { createHash } from 'node:crypto'
import {
  nextTokenBatches,
  type BatchCursor,
  type BatchOptions,
  type TokenBatch,
  type Tokenizer,
  type TokenStream,
} from '@swat-js/data'
import { readTokenizer } from '@swat-js/data/node'
import type { RunConfig } from '../config/run-config.js'
import { expectScorable } from './expect-scorable.js'
import { firstWords } from './first-words.js'
import { makeTokenizer } from './make-tokenizer.js'
import { packText } from './pack-text.js'
import { readSplit } from './read-split.js'
import { openShardedData } from './sharded-data.js'

/** The text of a run, as tokens. */
export interface RunData {
  /** What made the tokens. */
  tokenizer: Tokenizer
  /** What the model learns from. */
  batches: TrainingBatches
  /** How many tokens that are. */
  trainTokens: number
  /** Bytes of their text for each of them. */
  bytesPerToken: number
  /** What it is measured on. */
  heldOut: TokenStream['tokens']
  /** SHA-256 that changes with any token. */
  digest: string
  /** The first words that are held out. */
  firstWords: string
}

/** Batches to train on, which may come from another thread. */
export interface TrainingBatches {
  /** Tokens in a batch. */
  tokensPerBatch: number
  /** The next batch. */
  next(): TokenBatch | Promise<TokenBatch>
  /** Where it is. */
  cursor(): BatchCursor
  /** Goes to such a place. */
  seek(cursor: BatchCursor): void
  /** Ends the thread. */
  close(): Promise<void>
}

/** Options of {@link openRunData}. */
export interface OpenRunDataOptions {
  /** The tokenizer.json of the checkpoint that the run goes on from; null for a new run. */
  savedTokenizer: string | null
  /** Called while a tokenizer is trained, with merges done and wanted. */
  onTokenizerProgress: (done: number, total: number) => void
}

/**
 * Text → documents → tokens → batches: reads the text of a run, or opens its shards.
 *
 * @param config - the complete configuration
 * @param options - see {@link OpenRunDataOptions}
 * @returns see {@link RunData}; close its batches
 * @throws DataError when text or shards cannot be read, SwatError when they do not fit the configuration
 */
export async function openRunData(config: RunConfig, options: OpenRunDataOptions): Promise<RunData> {
  const { batchSize, length, documents: cut } = config.training
  const batchOptions: BatchOptions = { batchSize, length, documents: cut, seed: config.seed }
  if (config.data.shards !== undefined) return openShardedData(config.data.shards, config, batchOptions)

  const { endOfDocument } = config.tokenizer
  const documents = await readSplit(config)
  const tokenizer =
    options.savedTokenizer === null
      ? await makeTokenizer(config.tokenizer, documents.train, options.onTokenizerProgress)
      : await readTokenizer(options.savedTokenizer)
  const train = packText(documents.train, tokenizer, endOfDocument)
  const heldOut = packText(documents.validation, tokenizer, endOfDocument)
  expectScorable(heldOut.tokens, tokenizer, `split.validationShare: a share of ${config.split.validationShare}`)
  return {
    tokenizer,
    batches: { ...nextTokenBatches(train, batchOptions), close: async () => {} },
    trainTokens: train.tokens.length,
    bytesPerToken: train.byteLength / train.tokens.length,
    heldOut: heldOut.tokens,
    digest: createHash('sha256').update(train.tokens).update(heldOut.tokens).digest('hex'),
    firstWords: firstWords(documents.validation),
  }
}
