/**
 * Reading documents and tokenizer files; Node only.
 *
 * @module @swat-js/data/node
 */
export type { DocumentSource, HubSource, ModuleSource, PathSource } from './text/node/document-source.js'
export { openSource } from './text/node/open-source.js'
export { readDocuments } from './text/node/read-documents.js'
export { streamDocuments } from './text/node/stream-documents.js'
export { readTokenizer, saveTokenizer, type Gpt2Files } from './tokens/node/tokenizer-file.js'
export { trainBpeFrom, type TrainBpeFromOptions } from './tokens/node/train-bpe-from.js'
export { prepareShards, type PreparedSet } from './shards/node/prepare-shards.js'
export type {
  ByteSetTokenizer,
  GivenSetTokenizer,
  HoldOutSplit,
  NamedSources,
  PrepareOptions,
  SetSplit,
  SetTokenizer,
  SharesSplit,
  TrainedSetTokenizer,
} from './shards/node/prepare-options.js'
export type { PrepareProgress, ShardProgress, TokenizerProgress } from './shards/node/prepare-progress.js'
export { openShards, type OpenShardsOptions, type ShardSource } from './shards/node/open-shards.js'
export { verifyShards, type VerifyShardsOptions } from './shards/node/verify-shards.js'
export { prefetchBatches, type PrefetchedBatches, type PrefetchOptions } from './batches/node/prefetch-batches.js'
export type { ShardedSource } from './batches/node/read-batches-task.js'
export { openTokenFile, type TokenFileOptions, type TokenFileSource } from './shards/node/open-token-file.js'
