import { Command, Option } from 'commander'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { chooseProgress } from '../progress/choose-progress.js'
import { versions } from '../versions.js'
import { expectWritable } from './expect-writable.js'
import { numberOption } from './number-option.js'
import { numbersOption } from './numbers-option.js'

interface BenchDataOptions {
  split: 'train' | 'validation' | 'test'
  lengths: number[]
  batchTokens: number
  documents: 'packed' | 'aligned'
  seconds: number
  rounds: number
  json?: string
}

/** The command `swat bench data`. */
export function benchDataCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  return new Command('data')
    .description('How fast shuffled batches come from a prepared set, read at once and read ahead by a thread.')
    .argument('<set>', 'a folder that swat data prepare wrote')
    .addOption(new Option('--split <name>', 'part of it').choices(['train', 'validation', 'test']).default('train'))
    .option('--lengths <counts>', 'tokens of a sequence, with commas between', numbersOption(1), [256, 1024, 4096])
    .option('--batch-tokens <count>', 'tokens of a batch', count, 65_536)
    .addOption(new Option('--documents <way>', 'how they are cut').choices(['packed', 'aligned']).default('packed'))
    .option('--seconds <number>', 'for each measurement', numberOption({ least: 0 }), 1)
    .option('--rounds <count>', 'measurements of which the median is taken', count, 5)
    .option('--json <file>', 'write versions, options and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (folder: string, options: BenchDataOptions) => {
      if (options.json !== undefined) await expectWritable(options.json)
      const { formatLoading } = await import('@swat-js/benchmarks')
      const { measureLoading } = await import('@swat-js/benchmarks/node')
      const { split, lengths, batchTokens, documents, seconds, rounds, json } = options
      const progress = chooseProgress(process.stdout, false)
      try {
        const benchmark = await measureLoading({
          ...{ source: { folder, split }, lengths, tokensPerBatch: batchTokens, documents, seconds, rounds },
          report: (done, total) => progress.report({ event: 'progress', task: 'benchmark', done, total }),
        })
        progress.close()
        process.stdout.write(`${formatLoading(benchmark)}\n`)
        if (json === undefined) return
        await writeFileAtomic(json, `${JSON.stringify({ versions: versions(), ...benchmark }, null, 2)}\n`)
        process.stdout.write(`Written: ${json}\n`)
      } finally {
        progress.close()
      }
    })
}

const examples = `
Examples:
  swat bench data sets/novels
  swat bench data sets/novels --documents aligned --lengths 4096 --json loading.json`
