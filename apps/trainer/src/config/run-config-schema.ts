import { baselineNames, paperRow, presetNames } from '@swat-js/models'
import { z } from 'zod'
import { modelProblems } from './model-problems.js'
import type { RunConfig, RunConfigInput } from './run-config.js'

const count = z.number().int().positive()
const share = z.number().gt(0).lt(1)

const data = z.strictObject({
  path: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe(
      'Files, folders or globs: text, Markdown, JSON, CSV, parquet, also in gzip or zstd; relative to the current directory.',
    ),
  format: z
    .enum(['auto', 'text', 'markdown', 'lines', 'paragraphs', 'jsonl', 'json', 'csv', 'tsv', 'parquet'])
    .default('auto')
    .describe('How files are read; auto goes by their endings.'),
  textField: z
    .string()
    .default('text')
    .describe('The field, or the path such as page.text, of a record that holds the text; or the column.'),
  recordsPath: z.string().optional().describe('In JSON: where the array of records is, such as data.rows.'),
  missingText: z.enum(['error', 'skip']).default('error').describe('What a record without text does.'),
  invalidText: z.enum(['error', 'replace']).default('error').describe('What text that is not Unicode does.'),
  hub: z.string().optional().describe('A data set of the Hugging Face Hub, owner/name, in place of path.'),
  revision: z.string().optional().describe('With hub: a branch, tag or commit.'),
  files: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe('With hub: which files, as globs.'),
  module: z.string().optional().describe('An npm package or .js file that exports the texts, in place of path.'),
  shards: z
    .union([z.string(), z.array(z.strictObject({ folder: z.string(), weight: z.number().positive() })).min(1)])
    .optional()
    .describe(
      'A folder that swat data prepare wrote, or several with weights, in place of path; brings its tokenizer.',
    ),
})

const tokenizer = z.strictObject({
  type: z.enum(['bpe', 'byte']).optional().describe('bpe is trained on the training text; byte has 256 tokens.'),
  vocabSize: z.number().int().min(256).optional().describe('Tokens of a trained bpe tokenizer.'),
  file: z.string().optional().describe('A tokenizer.json to use as it is, in place of type.'),
  endOfDocument: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('A special token, for example <|endoftext|>, that is put after every document.'),
})

const split = z.strictObject({
  by: z
    .enum(['position', 'document'])
    .default('position')
    .describe('Hold out the end of the text, or whole documents.'),
  validationShare: share.default(0.1).describe('The share of the characters that is held out.'),
})

const model = z
  .looseObject({
    preset: z.enum(presetNames).default('micro').describe('Where the values that are not given here come from.'),
    baseline: z
      .enum(baselineNames)
      .optional()
      .describe("A model to compare with, in the preset's sizes; its values go before the preset's."),
  })
  .superRefine((settings, context) => {
    for (const { paths, message } of modelProblems(settings)) {
      refuse(
        context,
        paths.map((path) => ['model', ...path]),
        message,
        paths[0],
      )
    }
  })
  .describe('The model: a preset and whatever should differ from it. The vocabulary size comes from the tokenizer.')

const training = z.strictObject({
  steps: count.default(400).describe('Optimizer updates.'),
  batchSize: count.default(8).describe('Sequences in a batch.'),
  length: count
    .optional()
    .describe('Tokens in a sequence; that of the paper where the preset is a row of it, else 256.'),
  documents: z
    .enum(['packed', 'aligned'])
    .default('packed')
    .describe('packed cuts the row of all documents; aligned puts them side by side, each unseen by the others.'),
  accumulation: count.default(1).describe('Batches whose gradients are averaged for one update.'),
  learningRate: z.number().positive().default(1e-3).describe('The highest learning rate.'),
  schedule: z.enum(['cosine', 'constant']).default('cosine').describe('cosine warms up, then falls to minimumRatio.'),
  warmupSteps: z.number().int().nonnegative().default(0).describe('Updates until the cosine schedule is at its peak.'),
  minimumRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Last learning rate of cosine, as a share of the highest.'),
  weightDecay: z.number().nonnegative().default(0.1).describe('Decay of matrices, times the learning rate.'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('AdamW: decay of the first moment.'),
  beta2: z.number().min(0).lt(1).default(0.95).describe('AdamW: decay of the second moment.'),
  epsilon: z.number().positive().default(1e-8).describe('AdamW: added to the root of the second moment.'),
  clip: z
    .number()
    .positive()
    .nullable()
    .default(1)
    .describe('Largest global norm of the gradients; null does not clip.'),
  microBatchSize: z
    .union([count, z.literal('auto')])
    .nullable()
    .default(null)
    .describe('Sequences computed at a time, a divisor of batchSize; auto takes what fits, null the whole batch.'),
  checkpointActivations: z
    .boolean()
    .default(false)
    .describe('Keep the input of each block only and compute the rest again: less memory, a third more work.'),
  maxMinutes: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Stop after so many minutes of this session; the schedule still goes by steps.'),
})

const validation = z.strictObject({
  every: count.default(100).describe('Steps between two validations.'),
  tokens: z.number().int().min(2).default(8192).describe('Held-out tokens, from the start, of such a validation.'),
  finalTokens: z.number().int().min(2).nullable().default(null).describe('Held-out tokens at the end; null takes all.'),
})

const sample = z.strictObject({
  every: count.default(100).describe('Steps between two text samples.'),
  prompt: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('What samples continue; null takes the first held-out words.'),
  tokens: count.default(60).describe('Tokens of a sample.'),
  temperature: z.number().nonnegative().default(0.8).describe('0 takes the likeliest token.'),
  topK: count.nullable().default(null).describe('Sample among the so many likeliest tokens; null among all.'),
})

const checkpoint = z.strictObject({
  every: count.default(100).describe('Steps between two checkpoints; there is always one at the end.'),
  keep: count.default(2).describe('How many of the newest checkpoints stay.'),
})

/** The schema of a run's configuration: what a YAML or JSON file may hold, checked strictly, with every default. */
export const runConfigSchema: z.ZodType<RunConfig, RunConfigInput> = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores')
      .describe('The run is the folder of this name in output.folder; a file without it gives its own name.'),
    seed: z.number().int().min(0).max(0xffffffff).default(1).describe('Decides initial weights, batches and samples.'),
    engine: z
      .strictObject({
        backend: z
          .enum(['auto', 'webgpu', 'tensorflow', 'wasm', 'cpu'])
          .default('auto')
          .describe('auto takes the fastest that starts.'),
        threads: z
          .number()
          .int()
          .min(1)
          .max(64)
          .optional()
          .describe('Of the wasm engine; as many as the machine runs at once if left out. Results are the same.'),
        precision: z
          .enum(['float32', 'mixed'])
          .default('float32')
          .describe('mixed multiplies in float16 where the device can; weights, sums and losses stay float32.'),
        tune: z
          .boolean()
          .default(false)
          .describe("On webgpu: measure the tilings of a step's matrix products first, and use the fastest."),
        tuningFile: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe("Keeps measured tilings from run to run; null takes swat/matmul.json in the user's cache folder."),
      })
      .prefault({})
      .describe('What computes.'),
    data,
    tokenizer: tokenizer.prefault({ type: 'bpe', vocabSize: 2048 }),
    split: split.prefault({}),
    model: model.prefault({}),
    training: training.prefault({}),
    validation: validation.prefault({}),
    sample: sample.prefault({}),
    checkpoint: checkpoint.prefault({}),
    output: z
      .strictObject({ folder: z.string().min(1).default('runs').describe('Where run folders lie.') })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const { type, vocabSize, file } = config.tokenizer
    const { schedule, steps, warmupSteps } = config.training
    const sources = ['path', 'module', 'hub', 'shards'] as const
    if (sources.filter((source) => config.data[source] !== undefined).length !== 1) {
      const message =
        'expected one of path (your own text), module (an npm package), hub (a data set) and shards (a prepared set)'
      refuse(context, [['data'], ...sources.map((source) => ['data', source])], message)
    }
    for (const key of ['revision', 'files'] as const) {
      if (config.data[key] === undefined || config.data.hub !== undefined) continue
      refuse(context, [['data', key]], 'only data.hub has it; leave it out')
    }
    if ((type === undefined) === (file === undefined)) {
      const message = "expected one of type ('bpe' or 'byte') and file (a tokenizer.json)"
      refuse(context, [['tokenizer'], ['tokenizer', 'type'], ['tokenizer', 'file']], message)
    }
    if (type === 'bpe' && vocabSize === undefined) {
      refuse(context, [['tokenizer', 'type']], 'a bpe tokenizer needs vocabSize, for example 2048')
    }
    if (type !== 'bpe' && vocabSize !== undefined) {
      const message = 'only a bpe tokenizer has a choice of vocabSize; leave it out'
      refuse(
        context,
        [
          ['tokenizer', 'vocabSize'],
          ['tokenizer', 'type'],
          ['tokenizer', 'file'],
        ],
        message,
      )
    }
    const { batchSize, microBatchSize } = config.training
    if (typeof microBatchSize === 'number' && batchSize % microBatchSize !== 0) {
      const message = `expected a divisor of training.batchSize (${batchSize}), got ${microBatchSize}`
      refuse(
        context,
        [
          ['training', 'microBatchSize'],
          ['training', 'batchSize'],
        ],
        message,
      )
    }
    if (schedule === 'cosine' && steps > 0 && warmupSteps >= steps) {
      const message = `expected fewer than training.steps (${steps}), got ${warmupSteps}`
      refuse(
        context,
        [
          ['training', 'warmupSteps'],
          ['training', 'steps'],
        ],
        message,
      )
    }
    if (schedule === 'constant' && warmupSteps > 0) {
      const message = 'only the cosine schedule warms up; leave it out'
      refuse(
        context,
        [
          ['training', 'warmupSteps'],
          ['training', 'schedule'],
        ],
        message,
      )
    }
  })
  .transform((config) => {
    const { training, model } = config
    const length = training.length ?? paperRow(model.preset)?.trainLength ?? 256
    return { ...config, training: { ...training, length } }
  })

/** Blames keys, best first: the message is about the first of them that the command line set, else about the first. */
function refuse(context: z.core.$RefinementCtx, paths: string[][], message: string, path = paths[0]): void {
  context.addIssue({ code: 'custom', path, message, params: { paths } })
}
