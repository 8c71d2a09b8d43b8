/**
 * Documents to tokens to batches, as typed arrays; no TensorFlow.js.
 *
 * @module @swat-js/data
 */
export { DataError, type DataErrorCode } from './data-error.js'
export type { Document } from './text/document.js'
export type { DocumentInput } from './text/document-input.js'
export { readBlob, type ReadBlobOptions } from './text/read-blob.js'
export type { ReadOptions, TextFormat } from './text/read-options.js'
export { splitDocuments, type DocumentSplit, type SplitOptions } from './text/split-documents.js'
export type { ByteLevelTokenizer, Tokenizer } from './tokens/tokenizer.js'
export type {
  AddedTokenJson,
  BpeModelJson,
  ByteLevelJson,
  ByteLevelTokenizerJson,
  TokenizerJson,
} from './tokens/tokenizer-json.js'
export { byteTokenizer, type ByteTokenizerOptions } from './tokens/byte-tokenizer.js'
export { trainBpe, type TrainBpeOptions } from './tokens/train-bpe.js'
export { gpt2Tokenizer } from './tokens/gpt2-tokenizer.js'
export { loadTokenizer } from './tokens/load-tokenizer.js'
export { createTextDecoder, type TextDecoderOptions, type TokenTextDecoder } from './tokens/text-decoder.js'
export { packDocuments, type PackOptions, type TokenStream } from './tokens/pack-documents.js'
export type { TokenSource } from './batches/token-source.js'
export { streamSource, type StreamedTokens } from './batches/stream-source.js'
export {
  nextTokenBatches,
  type BatchCursor,
  type BatchOptions,
  type BatchSource,
  type SourceCursor,
  type TokenBatch,
  type WeightedSource,
} from './batches/next-token-batches.js'
export {
  syntheticTask,
  taskNames,
  type SyntheticTask,
  type TaskExample,
  type TaskName,
  type TaskOptions,
  type TaskSize,
} from './synthetic/synthetic-task.js'
export type { TaskAnswer } from './synthetic/task-definition.js'
export type { KeyValueRecallOptions } from './synthetic/tasks/key-value-recall.js'
export type { PasskeyOptions } from './synthetic/tasks/passkey.js'
export type { CopyOptions } from './synthetic/tasks/copy.js'
export type { SelectiveCopyOptions } from './synthetic/tasks/selective-copy.js'
export type { InductionOptions } from './synthetic/tasks/induction.js'
export type { WindowParityOptions } from './synthetic/tasks/window-parity.js'
export { scoreAnswers, type AnswerCount, type AnswerScore } from './synthetic/score-answers.js'
export type { TokenDtype } from './shards/shard-header.js'
export type {
  ManifestEndOfDocument,
  ManifestInput,
  ManifestProvenance,
  ManifestSplit,
  ShardEntry,
  ShardManifest,
  SkippedDocuments,
  SplitName,
} from './shards/shard-manifest.js'
export { taskBatches, type TaskBatchOptions } from './synthetic/task-batches.js'
export { inspectDocuments, inspectTokens } from './inspection/inspect-documents.js'
export type {
  DataInspection,
  DocumentSample,
  InspectionOptions,
  LengthBin,
  LengthSummary,
} from './inspection/data-inspection.js'
