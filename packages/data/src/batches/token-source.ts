/** A row of tokens that can be read anywhere: arrays in memory, or the shards of a prepared set. */
export interface TokenSource {
  /** How many tokens there are. */
  readonly tokenCount: number
  /** How many documents they belong to. */
  readonly documentCount: number
  /** How many bytes of UTF-8 the texts have; end-of-document tokens have none. */
  readonly byteLength: number
  /**
   * Copies tokens.
   *
   * @param start - position of the first
   * @param target - filled whole: `target.length` tokens from `start`
   * @throws {DataError} `invalid-argument` for a range that is not there; what reading throws
   */
  read(start: number, target: Int32Array): void
  /**
   * Where a document begins.
   *
   * @param index - from 0; `documentCount` gives `tokenCount`
   * @returns the position of its first token
   */
  documentStart(index: number): number
}
