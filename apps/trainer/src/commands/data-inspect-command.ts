import { Command, Option } from 'commander'
import { resolve } from 'node:path'
import type { PathSource } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { inspectInputs, inspectSet, isPreparedSet, type NamedInspection } from '../data/inspect-data.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { versions } from '../versions.js'
import { expectWritable } from './expect-writable.js'
import { numberOption } from './number-option.js'

interface DataInspectOptions {
  split?: 'train' | 'validation' | 'test'
  tokenizer?: string
  format?: PathSource['format']
  textField?: string
  samples: number
  sampleLength: number
  limit?: number
  seed: number
  json?: string
  plot?: string
}

const formats = 'auto text markdown lines paragraphs jsonl json csv tsv parquet'.split(' ')

/** The command `swat data inspect`. */
export function dataInspectCommand(): Command {
  const fromZero = numberOption({ whole: true, least: 0 })
  return new Command('inspect')
    .description('Tells what documents are like: counts, lengths, compression, duplicates, samples.')
    .argument('<inputs...>', 'the folder of a prepared set; or files, folders and globs')
    .addOption(
      new Option('--split <name>', 'of a set: this part (default: all)').choices(['train', 'validation', 'test']),
    )
    .option('--tokenizer <file>', "of files: count tokens with a tokenizer.json, or 'byte'")
    .addOption(new Option('--format <name>', 'how files are read (default: by their endings)').choices(formats))
    .option('--text-field <path>', 'field or column that holds the text (default: text)')
    .option('--samples <count>', 'documents to show', fromZero, 3)
    .option('--sample-length <count>', 'characters of each', fromZero, 200)
    .option('--limit <count>', 'look at so many documents and no more', numberOption({ whole: true, least: 1 }))
    .option('--seed <number>', 'decides which documents are shown', fromZero, 0)
    .option('--json <file>', 'write versions and everything that was found as JSON')
    .option('--plot <file>', 'draw the lengths as SVG; of a set those of the first part')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (inputs: string[], options: DataInspectOptions) => {
      const { split, tokenizer, format, textField, json, plot, samples, sampleLength, limit, seed } = options
      if (json !== undefined && plot !== undefined && resolve(json) === resolve(plot)) {
        throw new SwatError('config', `--json and --plot must be different files, but both are ${plot}.`)
      }
      for (const path of [json, plot]) if (path !== undefined) await expectWritable(path)
      const { formatDataInspection } = await import('@swat-js/benchmarks')
      const isSet = inputs.length === 1 && (await isPreparedSet(inputs[0]))
      const [known, needed] = isSet ? [{ tokenizer, format, textField }, 'files'] : [{ split }, 'a prepared set']
      const stray = Object.entries(known).find(([, value]) => value !== undefined)
      if (stray !== undefined) {
        const flag = stray[0] === 'textField' ? 'text-field' : stray[0]
        const came = isSet ? `${inputs[0]} is a prepared set` : 'the inputs are files'
        throw new SwatError('config', `--${flag} is about ${needed}, but ${came}.`)
      }

      const progress = chooseProgress(process.stdout, false)
      const settings = { samples, sampleLength, seed, ...(limit !== undefined && { limit }) }
      const report = (done: number, total: number) =>
        progress.report({ event: 'progress', task: 'inspection', done, total })
      let found: NamedInspection[]
      try {
        found = isSet
          ? await inspectSet(inputs[0], split ?? null, settings, report)
          : await inspectInputs({ path: inputs, format, textField }, tokenizer ?? null, settings, report)
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

const examples = `
Every document is read. For finding duplicates 24 to 48 bytes of each are kept, nothing else.

Examples:
  swat data inspect tokens
  swat data inspect tokens --split train --limit 100000 --plot lengths.svg
  swat data inspect 'crawl/*.jsonl.gz' --text-field body --tokenizer tokenizer.json --json crawl.json`
