import type { DocumentSource, PrepareOptions, SetTokenizer } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import type { DataPrepareOptions } from '../commands/data-prepare-command.js'
import { readRunConfig } from '../config/read-run-config.js'
import { documentSource } from '../text/read-split.js'

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

/** Options about what is read that belong to one kind of source. */
const ofHub = ['hubFiles', 'revision', 'token'] as const
const ofNamed = ['validation', 'test'] as const

function expectOneSource(inputs: readonly string[], options: DataPrepareOptions): void {
  const { module, hub, train, config } = options
  const given = [
    ...(inputs.length > 0 ? ['inputs'] : []),
    ...Object.entries({ '--module': module, '--hub': hub, '--train': train, '--config': config })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name),
  ]
  if (given.length !== 1) {
    const came = given.length === 0 ? 'none of them was given' : `there are ${given.join(' and ')}`
    throw new SwatError(
      'config',
      `Give what to read in one way: files and folders, --module, --hub, --train (with --validation and --test) or ` +
        `--config; ${came}.`,
    )
  }
  const stray = (keys: readonly (keyof DataPrepareOptions)[], needed: string): void => {
    const found = keys.find((key) => options[key] !== undefined)
    if (found !== undefined) throw new SwatError('config', `${flag(found)} needs ${needed}.`)
  }
  if (hub === undefined) stray(ofHub, '--hub')
  if (train === undefined) stray(ofNamed, '--train')
  else if (options.split !== undefined) {
    throw new SwatError('config', '--split divides one source, but --train names one for each split. Choose one.')
  }
}

function flag(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function sourceOf(inputs: readonly string[], options: DataPrepareOptions): PrepareOptions['source'] {
  const { module, hub, train, validation, test, textField } = options
  const { format, recordsPath, invalidText, missingText } = options
  if (module !== undefined) {
    const stray = (['format', 'recordsPath', 'invalidText', 'missingText'] as const).find((key) => options[key])
    if (stray !== undefined) throw new SwatError('config', `${flag(stray)} is about files; a module has none.`)
    return { module, textField }
  }
  const reading = { format, textField, recordsPath, invalidText, missingText }
  if (hub !== undefined) {
    const { HF_TOKEN, HF_ENDPOINT: endpoint } = process.env
    const { hubFiles: files, revision, token = HF_TOKEN } = options
    return { ...reading, hub, files, revision, token, endpoint }
  }
  const ofPaths = (path: readonly string[]): DocumentSource => ({ ...reading, path: [...path] })
  if (train === undefined) return ofPaths(inputs)
  return {
    train: ofPaths(train),
    ...(validation === undefined ? {} : { validation: ofPaths(validation) }),
    ...(test === undefined ? {} : { test: ofPaths(test) }),
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
  const stray =
    ofRun.find((key) => options[key] !== undefined) ??
    (options.endOfDocument === undefined || options.endOfDocument === true ? undefined : 'endOfDocument')
  if (stray !== undefined) {
    throw new SwatError('config', `${flag(stray)}: --config decides it. Change the configuration, or use --set.`)
  }
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
