/**
 * Reading documents and tokenizer files; Node only.
 *
 * @module @swat-js/data/node
 */
export { readDocuments, type DocumentSource, type ModuleSource, type PathSource } from './text/node/read-documents.js'
export { readTokenizer, saveTokenizer } from './tokens/node/tokenizer-file.js'
export { prepareShards, type PreparedSet } from './shards/node/prepare-shards.js'
export type {
  NamedSources,
  PrepareOptions,
  SetSplit,
  SetTokenizer,
  TrainedSetTokenizer,
} from './shards/node/prepare-options.js'
export type { PrepareProgress, ShardProgress, TokenizerProgress } from './shards/node/prepare-progress.js'
export { openShards, type OpenShardsOptions, type ShardSource } from './shards/node/open-shards.js'
export { verifyShards, type VerifyShardsOptions } from './shards/node/verify-shards.js'
export { openTokenFile, type TokenFileOptions, type TokenFileSource } from './shards/node/open-token-file.js'
