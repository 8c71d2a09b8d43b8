import type { PrepareOptions, SetTokenizer } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import type { DataPrepareOptions } from '../commands/data-prepare-command.js'
import { readRunConfig } from '../config/read-run-config.js'
import { documentSource } from '../text/read-split.js'
import { expectOneWay, refuseOption, sourceOfOptions } from './source-of-options.js'

type Settings = Omit<PrepareOptions, 'signal' | 'onProgress'>

/**
 * What `swat data prepare` is to do.
 *
 * @param inputs - the arguments
 * @param options - the options as they were written
 * @throws SwatError `config` for options that do not go together, or a configuration that cannot be read
 */
export async function prepareSettings(inputs: readonly string[], options: DataPrepareOptions): Promise<Settings> {
  const { out, deduplicate, workers, shardTokens, restart } = options
  const always = {
    folder: out,
    deduplicate: deduplicate === true,
    restart: restart === true,
    ...(workers === undefined ? {} : { workers }),
    ...(shardTokens === undefined ? {} : { shardTokens }),
  }
  expectOneSource(inputs, options)
  if (options.config !== undefined) return { ...always, ...(await settingsOfRun(options.config, options)) }
  if (options.set.length > 0) throw new SwatError('config', '--set needs --config.')
  return {
    ...always,
    source: sourceOf(inputs, options),
    tokenizer: tokenizerOf(options),
    ...(options.endOfDocument === undefined || options.endOfDocument === true
      ? {}
      : { endOfDocument: options.endOfDocument === false ? null : options.endOfDocument }),
    split: options.split ?? null,
    seed: options.seed ?? 0,
  }
}

function expectOneSource(inputs: readonly string[], options: DataPrepareOptions): void {
  const { module, hub, train, config } = options
  expectOneWay(
    { inputs: inputs[0], '--module': module, '--hub': hub, '--train': train, '--config': config },
    'files and folders, --module, --hub, --train (with --validation and --test) or --config',
  )
  if (train === undefined) refuseOption(options, ['validation', 'test'], 'needs --train.')
  else if (options.split !== undefined) {
    throw new SwatError('config', '--split divides one source, but --train names one for each split. Choose one.')
  }
}

function sourceOf(inputs: readonly string[], options: DataPrepareOptions): PrepareOptions['source'] {
  const { train, validation, test } = options
  if (train === undefined) return sourceOfOptions(inputs, options)
  return {
    train: sourceOfOptions(train, options),
    ...(validation === undefined ? {} : { validation: sourceOfOptions(validation, options) }),
    ...(test === undefined ? {} : { test: sourceOfOptions(test, options) }),
  }
}

function tokenizerOf({ tokenizer, vocabSize, tokenizerSample }: DataPrepareOptions): SetTokenizer {
  if (tokenizer !== undefined) {
    for (const [name, value] of Object.entries({ '--vocab-size': vocabSize, '--tokenizer-sample': tokenizerSample })) {
      if (value === undefined) continue
      throw new SwatError(
        'config',
        `${name} is about a tokenizer that is trained, but --tokenizer gives one. Choose one.`,
      )
    }
    return tokenizer === 'byte' ? { type: 'byte' } : { file: tokenizer }
  }
  const share = tokenizerSample === undefined ? {} : { sampleShare: tokenizerSample }
  return { type: 'bpe', vocabSize: vocabSize ?? 8192, ...share }
}

/** Options that a configuration decides. */
const ofRun = [
  ...['format', 'textField', 'recordsPath', 'invalidText', 'missingText', 'tokenizer', 'vocabSize', 'tokenizerSample'],
  ...['split', 'seed'],
] as (keyof DataPrepareOptions)[]

async function settingsOfRun(
  path: string,
  options: DataPrepareOptions,
): Promise<Pick<Settings, 'source' | 'tokenizer' | 'endOfDocument' | 'split' | 'seed'>> {
  const isEndGiven = options.endOfDocument !== undefined && options.endOfDocument !== true
  const reason = 'is decided by --config. Change the configuration, or use --set.'
  refuseOption(options, isEndGiven ? [...ofRun, 'endOfDocument'] : ofRun, reason)
  const config = await readRunConfig(path, { set: options.set })
  if (config.data.shards !== undefined) {
    throw new SwatError(
      'config',
      `${path}: data.shards is prepared already. Give a configuration with the text itself.`,
    )
  }
  const { type, vocabSize, file, endOfDocument } = config.tokenizer
  const tokenizer: SetTokenizer =
    file !== undefined ? { file } : type === 'byte' ? { type } : { type: 'bpe', vocabSize: vocabSize ?? 256 }
  return { source: documentSource(config.data), tokenizer, endOfDocument, split: config.split, seed: config.seed }
}
