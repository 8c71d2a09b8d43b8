import type { SwatConfig } from '@swat-js/models'
import type { BackendName, MatMulChoice, Refusal } from '@swat-js/tensor-core'

/** What a run is about to do, known once model, data and engine are. */
export interface StartEvent {
  /** Which event. */
  event: 'start'
  /** The run folder. */
  folder: string
  /** The checkpoint the run goes on from, or null for a new run. */
  resumedFrom: string | null
  /** Updates already done. */
  step: number
  /** Updates in total. */
  steps: number
  /** Weights of the model. */
  parameters: number
  /** The model. */
  model: SwatConfig
  /** Tokens of the training part. */
  trainTokens: number
  /** Tokens of the held-out part. */
  validationTokens: number
  /** UTF-8 bytes a training token stands for, on average. */
  bytesPerToken: number
  /** Tokens of one update. */
  tokensPerStep: number
  /** Sequences that are computed at a time. */
  microBatchSize: number
  /** What computes. */
  engine: {
    /** The backend. */
    backend: BackendName
    /** The device in words. */
    device: string
    /** Backends that were passed over, with reasons. */
    refused: Refusal[]
  }
}

/** How far a task has come. */
export interface ProgressEvent {
  /** Which event. */
  event: 'progress'
  /** The task. */
  task: 'tokenizer' | 'tuning' | 'validation' | 'benchmark' | 'inspection' | 'download' | 'reading'
  /** How much is done, in units of the task: merges, products, tokens, rounds, parts or bytes. */
  done: number
  /** How much there is. */
  total: number
}

/** How the matrix products of the steps are computed, where that was measured. */
export interface TuningEvent {
  /** Which event. */
  event: 'tuning'
  /** One for each product. */
  choices: MatMulChoice[]
}

/** One update; also a line of metrics.jsonl. */
export interface StepEvent {
  /** Which event. */
  event: 'step'
  /** Updates done, this one included. */
  step: number
  /** Mean loss of the batch before the update, nats a token. */
  loss: number
  /** Learning rate of the update. */
  learningRate: number
  /** Global norm of the gradients before clipping. */
  gradientNorm: number
  /** In mixed precision: the factor of the loss. */
  lossScale?: number
  /** In mixed precision: a gradient overflowed, the update was left out and the factor halved. */
  skipped?: true
  /** Tokens of this update over its time. */
  tokensPerSecond: number
  /** Tokens trained on since the run began. */
  tokens: number
  /** Seconds of training since the run began, without validations, samples and checkpoints. */
  seconds: number
}

/** The loss on held-out text; also a line of metrics.jsonl. */
export interface ValidationEvent {
  /** Which event. */
  event: 'validation'
  /** Updates done. */
  step: number
  /** Mean loss, nats a token. */
  loss: number
  /** e to the loss. */
  perplexity: number
  /** Bits the model needs for a byte of the text. */
  bitsPerByte: number
  /** Tokens that were scored. */
  tokens: number
  /** Seconds it took. */
  seconds: number
}

/** Text the model wrote; also a line of metrics.jsonl. */
export interface SampleEvent {
  /** Which event. */
  event: 'sample'
  /** Updates done. */
  step: number
  /** What it continues. */
  prompt: string
  /** The continuation. */
  text: string
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  /** Which event. */
  event: 'checkpoint'
  /** Updates done. */
  step: number
  /** Its folder. */
  path: string
}

/** Something one should know. */
export interface NoticeEvent {
  /** Which event. */
  event: 'notice'
  /** A sentence. */
  text: string
}

/** What a run reached; summary.json holds the same. */
export interface RunSummary {
  /** Why it ended: all steps done, `training.maxMinutes` over, or stopped from outside. */
  reason: 'finished' | 'time-limit' | 'interrupted'
  /** Updates done. */
  step: number
  /** Updates configured. */
  steps: number
  /** Weights of the model. */
  parameters: number
  /** Tokens trained on. */
  tokens: number
  /** Seconds of training, over all sessions. */
  seconds: number
  /** Tokens over seconds. */
  tokensPerSecond: number
  /** What computed in the last session. */
  backend: BackendName
  /** Loss of the last update, nats a token; null when none was done. */
  trainLoss: number | null
  /** Loss on the held-out text, nats a token; null when interrupted. */
  validationLoss: number | null
  /** e to the validation loss; null when interrupted. */
  perplexity: number | null
  /** Bits the model needs for a byte of the held-out text; null when interrupted. */
  bitsPerByte: number | null
  /** Bits that `gzip -9` needs for a byte of the same text; null when interrupted. */
  gzipBitsPerByte: number | null
  /** The best of the validations at intervals. */
  bestValidation: BestValidation | null
  /** The last checkpoint; null when none was written. */
  checkpoint: string | null
}

/** The lowest loss on held-out text so far. */
export interface BestValidation {
  /** Updates done. */
  step: number
  /** Nats a token. */
  loss: number
}

/** The end of a run. */
export interface EndEvent {
  /** Which event. */
  event: 'end'
  /** The run folder. */
  folder: string
  /** What samples of this run continue. */
  prompt: string
  /** What it reached. */
  summary: RunSummary
}

/** How far the preparation of token shards has come. */
export interface PrepareEvent {
  /** Which event. */
  event: 'prepare'
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

/** What a split of a prepared set has. */
export interface PreparedSplit {
  /** Its name. */
  split: string
  /** How many tokens. */
  tokens: number
  /** How many documents. */
  documents: number
  /** How many bytes of UTF-8 their texts have. */
  bytes: number
  /** In how many files. */
  files: number
}

/** Token shards are complete. */
export interface PreparedEvent {
  /** Which event. */
  event: 'prepared'
  /** The folder of the set. */
  folder: string
  /** Whether it is new, was resumed after a stop, or was there before. */
  outcome: 'new' | 'resumed' | 'present'
  /** How many ids the tokenizer has. */
  vocabSize: number
  /** What each split has. */
  splits: PreparedSplit[]
  /** Documents without a character, which were left out. */
  empty: number
  /** Documents that were left out because their text was there before. */
  duplicates: number
  /** Seconds of this session. */
  seconds: number
  /** Seconds of them that went into the tokenizer. */
  tokenizerSeconds: number
  /** Tokens that were written in a second of this session, without the training of a tokenizer. */
  tokensPerSecond: number
}

/** Everything a run tells while it goes on. */
export type RunEvent =
  | StartEvent
  | ProgressEvent
  | TuningEvent
  | StepEvent
  | ValidationEvent
  | SampleEvent
  | CheckpointEvent
  | NoticeEvent
  | PrepareEvent
  | PreparedEvent
  | EndEvent
