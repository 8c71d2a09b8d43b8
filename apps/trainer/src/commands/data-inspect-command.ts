import { Command, Option } from 'commander'
import { resolve } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { inspectInputs, inspectSet, isPreparedSet, type NamedInspection } from '../data/inspect-data.js'
import { expectOneWay, refuseOption, sourceOfOptions } from '../data/source-of-options.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { versions } from '../versions.js'
import { expectWritable } from './expect-writable.js'
import { numberOption } from './number-option.js'
import { addSourceOptions, type SourceOptions } from './source-options.js'
import { withOptionNames } from './with-option-names.js'

interface DataInspectOptions extends SourceOptions {
  split?: 'train' | 'validation' | 'test'
  tokenizer?: string
  samples: number
  sampleLength: number
  limit?: number
  seed: number
  json?: string
  plot?: string
}

/** The command `swat data inspect`. */
export function dataInspectCommand(): Command {
  const fromZero = numberOption({ whole: true, least: 0 })
  const command = new Command('inspect')
    .description('Tells what documents are like: counts, lengths, compression, duplicates, samples.')
    .argument('[inputs...]', 'the folder of a prepared set; or files, folders and globs')
    .addOption(
      new Option('--split <name>', 'of a set: this part (default: all)').choices(['train', 'validation', 'test']),
    )
    .option('--tokenizer <file>', "of documents that are no set: count tokens with a tokenizer.json, or 'byte'")
  return addSourceOptions(command)
    .option('--samples <count>', 'documents to show', fromZero, 3)
    .option('--sample-length <count>', 'characters of each', fromZero, 200)
    .option('--limit <count>', 'look at so many documents and no more', numberOption({ whole: true, least: 1 }))
    .option('--seed <number>', 'decides which documents are shown', fromZero, 0)
    .option('--json <file>', 'write versions and everything that was found as JSON')
    .option('--plot <file>', 'draw the lengths as SVG; of a set those of the first part')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (inputs: string[], options: DataInspectOptions) => {
      const { split, tokenizer, json, plot, samples, sampleLength, limit, seed, module, hub } = options
      const ways = { inputs: inputs[0], '--module': module, '--hub': hub }
      expectOneWay(ways, 'the folder of a prepared set, files and folders, --module or --hub')
      if (json !== undefined && plot !== undefined && resolve(json) === resolve(plot)) {
        throw new SwatError('config', `--json and --plot must be different files, but both are ${plot}.`)
      }
      for (const path of [json, plot]) if (path !== undefined) await expectWritable(path)
      const { formatDataInspection } = await import('@swat-js/benchmarks')
      const isSet = inputs.length === 1 && (await isPreparedSet(inputs[0]))
      const source = sourceOfOptions(inputs, options)
      if (!isSet) refuseOption(options, ['split'], 'is about a prepared set, and there is none.')
      else refuseOption(options, notOfSets, `is about documents that are no set, but ${inputs[0]} is a prepared set.`)

      const progress = chooseProgress(process.stdout, false)
      const settings = { samples, sampleLength, seed, ...(limit !== undefined && { limit }) }
      const report = (done: number, total: number) =>
        progress.report({ event: 'progress', task: 'inspection', done, total })
      let found: NamedInspection[]
      try {
        found = isSet
          ? await inspectSet(inputs[0], split ?? null, settings, report)
          : await inspectInputs(source, tokenizer ?? null, settings, report)
      } catch (error) {
        throw withOptionNames(error)
      } finally {
        progress.close()
      }
      const texts = found.map(({ name, inspection }) => formatDataInspection(name, inspection))
      process.stdout.write(`${texts.join('\n\n')}\n`)
      if (json !== undefined) {
        await writeFileAtomic(json, `${JSON.stringify({ versions: versions(), inspections: found }, null, 2)}\n`)
        process.stdout.write(`Written: ${json}\n`)
      }
      if (plot !== undefined) {
        const { drawDataInspection } = await import('@swat-js/benchmarks/node')
        await writeFileAtomic(plot, drawDataInspection(found[0].name, found[0].inspection))
        process.stdout.write(`Written: ${plot}\n`)
      }
    })
}

const notOfSets = ['tokenizer', 'format', 'textField', 'recordsPath', 'invalidText', 'missingText'] as const

const examples = `
Every document is read. For finding duplicates 24 to 48 bytes of each are kept, nothing else.

Examples:
  swat data inspect tokens
  swat data inspect tokens --split train --limit 100000 --plot lengths.svg
  swat data inspect 'crawl/*.jsonl.gz' --text-field body --tokenizer tokenizer.json --json crawl.json
  swat data inspect --hub HuggingFaceFW/fineweb-edu --hub-files 'sample/10BT/*' --limit 10000`
