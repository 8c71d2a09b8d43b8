import type { TextFormat } from '@swat-js/data'
import type { BackendName, Precision } from '@swat-js/tensor-core'
import type { ModelSettings } from './resolve-model.js'

/** The configuration of a run with every value written out. */
export interface RunConfig {
  /** The run is the folder of this name in `output.folder`. */
  name: string
  /** Decides initial weights, batches and samples. */
  seed: number
  /** What computes. */
  engine: EngineSettings
  /** Where the text comes from. */
  data: DataSettings
  /** How text becomes tokens. */
  tokenizer: TokenizerSettings
  /** What is held out. */
  split: SplitSettings
  /** What is trained. */
  model: ModelSettings
  /** How it is trained. */
  training: TrainingSettings
  /** How it is measured. */
  validation: ValidationSettings
  /** What it writes meanwhile. */
  sample: SampleSettings
  /** When it is saved. */
  checkpoint: CheckpointSettings
  /** Where it is saved. */
  output: OutputSettings
}

/** What may be written to configure a run: whatever is left out has a default, which {@link RunConfig} explains. */
export interface RunConfigInput {
  /** See {@link RunConfig.name}. */
  name: string
  /** See {@link RunConfig.seed}. */
  seed?: number
  /** See {@link EngineSettings}. */
  engine?: Partial<EngineSettings>
  /** See {@link DataSettings}. */
  data: Partial<DataSettings>
  /** See {@link TokenizerSettings}. */
  tokenizer?: Partial<TokenizerSettings>
  /** See {@link SplitSettings}. */
  split?: Partial<SplitSettings>
  /** See {@link ModelSettings}. */
  model?: Partial<ModelSettings>
  /** See {@link TrainingSettings}. */
  training?: Partial<TrainingSettings>
  /** See {@link ValidationSettings}. */
  validation?: Partial<ValidationSettings>
  /** See {@link SampleSettings}. */
  sample?: Partial<SampleSettings>
  /** See {@link CheckpointSettings}. */
  checkpoint?: Partial<CheckpointSettings>
  /** See {@link OutputSettings}. */
  output?: Partial<OutputSettings>
}

/** The section `engine`. */
export interface EngineSettings {
  /** The backend; `auto` takes the fastest that starts. */
  backend: 'auto' | BackendName
  /** Threads of the wasm engine; as many as the machine runs at once if left out. Results are the same. */
  threads?: number | undefined
  /** `mixed` multiplies in float16 where the device can, adds and keeps float32, and scales the loss. */
  precision: Precision
  /** On webgpu: measure the tilings of a step's matrix products before the first step, and use the fastest. */
  tune: boolean
  /** Where measured tilings are kept from run to run; null takes `swat/matmul.json` in the user's folder for caches. */
  tuningFile: string | null
}

/** A prepared set of token shards in a mixture. */
export interface ShardSet {
  /** The folder that `swat data prepare` wrote; relative to the current directory. */
  folder: string
  /** Its share of the training sequences, relative to the other weights. */
  weight: number
}

/** The section `data`: one of `path`, `module`, `hub` and `shards`. */
export interface DataSettings {
  /** Files, folders or globs: text, Markdown, JSON, CSV, parquet, also in gzip or zstd; from the current directory. */
  path?: string | string[] | undefined
  /** How files are read; `auto` goes by their endings. */
  format: 'auto' | TextFormat
  /** The field, or the path such as `page.text`, of a record that holds the text; of CSV and parquet the column. */
  textField: string
  /** In JSON: where the array of records is, such as `data.rows`; left out, the file is the array. */
  recordsPath?: string | undefined
  /** What a record without text does: stop with an error, or be passed over. */
  missingText: 'error' | 'skip'
  /** What text that is not Unicode does: stop with an error, or become U+FFFD. */
  invalidText: 'error' | 'replace'
  /** A data set of the Hugging Face Hub, `owner/name`, in place of `path`; HF_TOKEN is used if it is set. */
  hub?: string | undefined
  /** With `hub`: a branch, tag or commit; left out, `main`. */
  revision?: string | undefined
  /** With `hub`: which files, as globs; left out, all that can be read. */
  files?: string | string[] | undefined
  /** An npm package or .js file that exports the texts, in place of `path`. */
  module?: string | undefined
  /**
   * A folder that `swat data prepare` wrote, or several with weights, in place of `path`. What is held out is their
   * validation split, the tokenizer is theirs: the sections `split` and `tokenizer` are not looked at.
   */
  shards?: string | ShardSet[] | undefined
}

/** The section `tokenizer`: `type` or `file`. */
export interface TokenizerSettings {
  /** `bpe` is trained on the training text; `byte` has 256 tokens. */
  type?: 'bpe' | 'byte' | undefined
  /** Tokens of a trained `bpe` tokenizer. */
  vocabSize?: number | undefined
  /** A tokenizer.json to use as it is, in place of `type`. */
  file?: string | undefined
  /** A special token, for example `<|endoftext|>`, that is put after every document; null for none. */
  endOfDocument: string | null
}

/** The section `split`. */
export interface SplitSettings {
  /** Hold out the end of the text, or whole documents. */
  by: 'position' | 'document'
  /** The share of the characters that is held out. */
  validationShare: number
}

/** The section `training`. */
export interface TrainingSettings {
  /** Optimizer updates. */
  steps: number
  /** Sequences in a batch. */
  batchSize: number
  /** Tokens in a sequence. */
  length: number
  /**
   * `packed` cuts the row of all documents, attention crosses them; `aligned` puts whole documents side by side, each
   * unseen by the others.
   */
  documents: 'packed' | 'aligned'
  /** Batches whose gradients are averaged for one update. */
  accumulation: number
  /** The highest learning rate. */
  learningRate: number
  /** `cosine` warms up, then falls to `minimumRatio`. */
  schedule: 'cosine' | 'constant'
  /** Updates until the cosine schedule is at its peak. */
  warmupSteps: number
  /** Last learning rate of `cosine`, as a share of the highest. */
  minimumRatio: number
  /** Decay of matrices, times the learning rate. */
  weightDecay: number
  /** AdamW: decay of the first moment. */
  beta1: number
  /** AdamW: decay of the second moment. */
  beta2: number
  /** AdamW: added to the root of the second moment. */
  epsilon: number
  /** Largest global norm of the gradients; null does not clip. */
  clip: number | null
  /**
   * Sequences that are computed at a time, a divisor of `batchSize`: less memory, the same numbers but for rounding.
   * `auto` takes as many as the device holds; null takes the whole batch.
   */
  microBatchSize: number | 'auto' | null
  /** Keep the input of each block only, compute the rest again in the backward pass: less memory, a third more work. */
  checkpointActivations: boolean
  /** Stop after so many minutes of this session; the schedule still goes by steps. Null does not stop. */
  maxMinutes: number | null
}

/** The section `validation`. */
export interface ValidationSettings {
  /** Steps between two validations. */
  every: number
  /** Held-out tokens, from the start, of such a validation. */
  tokens: number
  /** Held-out tokens at the end; null takes all. */
  finalTokens: number | null
}

/** The section `sample`. */
export interface SampleSettings {
  /** Steps between two text samples. */
  every: number
  /** What samples continue; null takes the first held-out words. */
  prompt: string | null
  /** Tokens of a sample. */
  tokens: number
  /** 0 takes the likeliest token. */
  temperature: number
  /** Sample among the so many likeliest tokens; null among all. */
  topK: number | null
}

/** The section `checkpoint`. */
export interface CheckpointSettings {
  /** Steps between two checkpoints; there is always one at the end. */
  every: number
  /** How many of the newest checkpoints stay. */
  keep: number
}

/** The section `output`. */
export interface OutputSettings {
  /** Where run folders lie. */
  folder: string
}
