/** What `measureLoading` found. */
export interface LoadingBenchmark {
  /** The set and how it was read. */
  options: LoadingOptions
  /** Tokens of the part that was read. */
  tokens: number
  /** Documents of it. */
  documentCount: number
  /** How its tokens are stored. */
  dtype: string
  /** One for each length. */
  rows: LoadingRow[]
}

/** How a set was read. */
export interface LoadingOptions {
  /** The folder of the set. */
  folder: string
  /** Which part of it; left out, `train`. */
  split?: string
  /** How sequences were cut. */
  documents: 'packed' | 'aligned'
  /** Seconds of each measurement. */
  seconds: number
  /** Measurements of which the median was taken. */
  rounds: number
}

/** Batches of one length. */
export interface LoadingRow {
  /** Tokens of a sequence. */
  length: number
  /** Sequences of a batch. */
  batchSize: number
  /** Median of tokens in batches a second, read when they are asked for. */
  tokensPerSecond: number
  /** The same, read ahead by a worker thread. */
  prefetchedTokensPerSecond: number
}
