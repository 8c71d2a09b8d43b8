import { Command, InvalidArgumentError } from 'commander'
import { DataError } from '@swat-js/data'
import { prepareShards, type PrepareProgress, type SetSplit } from '@swat-js/data/node'
import { chooseProgress } from '../progress/choose-progress.js'
import type { RunEvent } from '../progress/run-event.js'
import { prepareSettings } from '../data/prepare-settings.js'
import { collect } from './collect.js'
import { numberOption } from './number-option.js'
import { sharesOption } from './shares-option.js'
import { addSourceOptions, type SourceOptions } from './source-options.js'
import { watchSignals } from './watch-signals.js'
import { withOptionNames } from './with-option-names.js'

/** The options of `swat data prepare` as they were written. */
export interface DataPrepareOptions extends SourceOptions {
  out: string
  train?: string[]
  validation?: string[]
  test?: string[]
  config?: string
  set: string[]
  tokenizer?: string
  vocabSize?: number
  tokenizerSample?: number
  endOfDocument?: string | boolean
  split?: SetSplit
  seed?: number
  deduplicate?: true
  workers?: number
  shardTokens?: number
  restart?: true
  json?: true
}

/**
 * The command `swat data prepare`.
 *
 * @param setExitCode - called with 130 when the work was interrupted
 * @param outputClosed - aborts when nobody reads the output any more, which interrupts the work like a signal
 */
export function dataPrepareCommand(setExitCode: (code: number) => void, outputClosed: AbortSignal): Command {
  const count = numberOption({ whole: true, least: 1 })
  const command = new Command('prepare')
    .description('Turns documents into token shards, from which training reads without waiting. Goes on when stopped.')
    .argument('[inputs...]', 'files, folders and globs')
    .requiredOption('--out <folder>', 'the folder of the set')
  return addSourceOptions(command)
    .option('--train <paths...>', 'in place of inputs: what is for training')
    .option('--validation <paths...>', 'with --train: what is held out')
    .option('--test <paths...>', 'with --train: what is held out to the end')
    .option('--config <file>', 'take data, tokenizer, split and seed from the configuration of a run')
    .option('--set <key=value>', 'with --config: set a value of it (YAML); may be repeated', collect, [])
    .option('--tokenizer <file>', "a tokenizer.json, or 'byte' (default: byte-level BPE is trained first)")
    .option(
      '--vocab-size <count>',
      'of the trained tokenizer (default: 8192)',
      numberOption({ whole: true, least: 256 }),
    )
    .option('--tokenizer-sample <share>', 'of the training documents it learns from (default: 1)', shareOption)
    .option('--end-of-document <text>', 'special token after every document (default: <|endoftext|>)')
    .option('--no-end-of-document', 'none')
    .option('--split <shares>', 'train:validation:test by document, such as 8:1:1; or position:0.1', sharesOption)
    .option('--seed <number>', 'of split and sample (default: 0)', numberOption({ whole: true, least: 0 }))
    .option('--deduplicate', 'leave out documents whose text was there before')
    .option('--workers <count>', 'threads (default: one a core)', numberOption({ whole: true, least: 0 }))
    .option('--shard-tokens <count>', 'tokens of a shard (default: 100000000)', count)
    .option('--restart', 'remove the set that is in the folder, and begin anew')
    .option('--json', 'tell progress as one JSON object a line')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (inputs: string[], options: DataPrepareOptions) => {
      const settings = await prepareSettings(inputs, options)
      const progress = chooseProgress(process.stdout, options.json === true)
      const signals = watchSignals(() => progress.report({ event: 'notice', text: stopping }))
      let isWatching = false
      try {
        const made = await prepareShards({
          ...settings,
          signal: AbortSignal.any([signals.signal, outputClosed]),
          onProgress(step) {
            // Before shards there is nothing to save, and a signal may end the process at once.
            if (step.stage === 'shards' && !isWatching) signals.watch()
            isWatching ||= step.stage === 'shards'
            const event = eventOf(step)
            if (event !== null) progress.report(event)
          },
        })
        const { manifest, ...outcome } = made
        progress.report({ event: 'prepared', ...outcome, ...withoutShards(manifest) })
      } catch (error) {
        if (!(error instanceof DataError && error.code === 'aborted')) throw withOptionNames(error)
        progress.report({ event: 'notice', text: 'Stopped. The same command goes on from here.' })
        setExitCode(130)
      } finally {
        progress.close()
      }
    })
}

const stopping = 'Stopping. Press Ctrl-C again to end at once; nothing that was noted is lost.'

type Manifest = Awaited<ReturnType<typeof prepareShards>>['manifest']

function withoutShards({ vocabSize, splits, provenance }: Manifest) {
  const parts = Object.entries(splits).map(([split, { tokens, documents, bytes, shards }]) => {
    return { split, tokens, documents, bytes, files: shards.length }
  })
  return { vocabSize, splits: parts, ...provenance.skipped }
}

function eventOf(step: PrepareProgress): RunEvent | null {
  if (step.stage === 'shards') {
    const { documents, bytes, tokens, tokensPerSecond, bytesRead, bytesTotal, secondsLeft } = step
    return { event: 'prepare', documents, bytes, tokens, tokensPerSecond, bytesRead, bytesTotal, secondsLeft }
  }
  const { work, done, total } = step
  return total === null ? null : { event: 'progress', task: work === 'reading' ? 'reading' : 'tokenizer', done, total }
}

function shareOption(text: string): number {
  const share = numberOption({ least: 0 })(text)
  if (share > 0 && share <= 1) return share
  throw new InvalidArgumentError('Expected a share above 0 and at most 1.')
}

const examples = `
Documents keep their order, those without a character are left out. What is written depends on inputs and options alone:
not on --workers, nor on how often the work was stopped. The same command goes on after Ctrl-C, a crash or a power cut.
The format of the shards stands in docs/data.md.

Examples:
  swat data prepare books/ --out tokens --vocab-size 8192 --split 8:1:1
  swat data prepare 'crawl/*.jsonl.gz' --out tokens --text-field body --tokenizer tokenizer.json --deduplicate
  swat data prepare --hub HuggingFaceFW/fineweb-edu --hub-files 'sample/10BT/*' --out tokens --tokenizer tokenizer.json
  swat data prepare --train train.jsonl --validation valid.jsonl --out tokens --tokenizer byte
  swat data prepare --config recipes/moby-dick.yaml --out tokens`
