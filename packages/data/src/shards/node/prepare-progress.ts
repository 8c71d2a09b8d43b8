/** How far {@link prepareShards} has come. */
export type PrepareProgress = TokenizerProgress | ShardProgress

/** While a tokenizer is trained. */
export interface TokenizerProgress {
  /** Which part of the work. */
  stage: 'tokenizer'
  /** `reading` in bytes of the inputs as stored, `merging` in tokens that were learned. */
  work: 'reading' | 'merging'
  /** How much is done. */
  done: number
  /** How much there is; null if that is unknown. */
  total: number | null
}

/** While shards are written. */
export interface ShardProgress {
  /** Which part of the work. */
  stage: 'shards'
  /** Documents that are written. */
  documents: number
  /** Bytes of UTF-8 of their texts. */
  bytes: number
  /** Their tokens. */
  tokens: number
  /** Tokens in a second, in this session. */
  tokensPerSecond: number
  /** Bytes of the inputs that were read, as stored. */
  bytesRead: number
  /** Bytes that the inputs have, as stored; null if that is unknown. */
  bytesTotal: number | null
  /** How long it will take; null if that is unknown. */
  secondsLeft: number | null
}
