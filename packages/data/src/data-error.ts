/**
 * What went wrong, in a word that a program can compare.
 *
 * | code | meaning |
 * | --- | --- |
 * | `file-not-found` | no file or folder at this path |
 * | `unreadable-file` | the system refused to read or write the file, or it is too large to hold in memory |
 * | `invalid-shards` | a file that is no token shard or manifest, or does not fit its set |
 * | `unsupported-version` | token shards that a newer version wrote |
 * | `checksum-mismatch` | a file that was changed since it was written |
 * | `vocabulary-mismatch` | token shards that were made with another tokenizer |
 * | `different-preparation` | a folder that holds another set, or one that was begun with other options or inputs |
 * | `folder-locked` | another process writes into the folder |
 * | `aborted` | the caller's signal ended the work |
 * | `invalid-utf8` | a byte that is not UTF-8 |
 * | `invalid-json` | a line or a file that is not JSON |
 * | `missing-field` | a record without the text field |
 * | `invalid-csv` | a table that is not CSV or TSV |
 * | `invalid-parquet` | a file that is not parquet, or is damaged |
 * | `invalid-compression` | gzip or zstd data that is damaged or cut off |
 * | `unsupported-format` | a file or codec that this package does not read |
 * | `hub` | the Hugging Face Hub does not answer, or not with what was asked for |
 * | `empty-text` | a source without a single character |
 * | `module-not-found` | the module is not installed |
 * | `invalid-module` | the module does not load, or does not give texts |
 * | `invalid-argument` | an argument outside its range |
 * | `invalid-special-token` | a special token that is empty, double or taken |
 * | `unsupported-tokenizer` | a tokenizer file that this package does not read |
 * | `token-out-of-range` | an id that the vocabulary does not have |
 * | `text-too-short` | too few tokens or characters for what was asked |
 * | `worker-failed` | a worker thread ended before its work |
 */
export type DataErrorCode =
  | 'file-not-found'
  | 'unreadable-file'
  | 'invalid-shards'
  | 'unsupported-version'
  | 'checksum-mismatch'
  | 'vocabulary-mismatch'
  | 'different-preparation'
  | 'folder-locked'
  | 'aborted'
  | 'invalid-utf8'
  | 'invalid-json'
  | 'invalid-csv'
  | 'invalid-parquet'
  | 'invalid-compression'
  | 'unsupported-format'
  | 'hub'
  | 'missing-field'
  | 'empty-text'
  | 'module-not-found'
  | 'invalid-module'
  | 'invalid-argument'
  | 'invalid-special-token'
  | 'unsupported-tokenizer'
  | 'token-out-of-range'
  | 'text-too-short'
  | 'worker-failed'

/** The error that every function of this package throws for bad input: a message for people, a `code` for programs. */
export class DataError extends Error {
  /** The name of the class, as in printed errors. */
  override readonly name = 'DataError'
  /** What went wrong, stable between versions. */
  readonly code: DataErrorCode

  /**
   * @param code what went wrong, stable between versions
   * @param message the function, what was expected, what came, the way out
   * @param options `cause`: the error underneath, if there is one
   */
  constructor(code: DataErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
