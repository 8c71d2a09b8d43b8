import { Command, InvalidArgumentError, Option } from 'commander'
import { useEngine, type FloatDtype } from '@swat-js/tensor-core'
import { exportRun } from '../hugging-face/export-run.js'

interface ExportCommandOptions {
  run: string
  to: string
  dtype: 'float32' | 'float16' | 'bfloat16'
  shardSize: number
  force?: true
}

const dtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const satisfies Record<string, FloatDtype>

/** The command `swat export`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('Writes a trained model as a folder that Python loads with transformers.')
    .requiredOption('--run <folder>', 'a run folder, for its latest checkpoint, or a checkpoint')
    .requiredOption('--to <folder>', 'the folder to make')
    .addOption(new Option('--dtype <type>', 'of the weights').choices(Object.keys(dtypes)).default('float32'))
    .option('--shard-size <size>', 'weights beyond it go to several files', sizeInBytes, 5e9)
    .option('--force', 'replace a folder that is an export already')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async ({ run, to, dtype, shardSize, force }: ExportCommandOptions) => {
      await useEngine({ backend: 'cpu' }) // nothing is computed
      const options = { run, to, dtype: dtypes[dtype], maxShardBytes: shardSize, force: force === true }
      const { checkpoint, weights } = await exportRun(options)
      const lines = [
        `Exported  ${checkpoint}`,
        `to        ${to}, ${dtype}, weights in ${weights.length === 1 ? weights[0] : `${weights.length - 1} files`}`,
        `Python    AutoModelForCausalLM.from_pretrained(${JSON.stringify(to)}, trust_remote_code=True)`,
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

const units: Record<string, number> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9 }

function sizeInBytes(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(KB|MB|GB)?$/i.exec(text.trim()) ?? []
  const bytes = Math.floor(Number(number) * units[(unit ?? '').toUpperCase()])
  if (bytes >= 1) return bytes
  throw new InvalidArgumentError('Expected a size such as 500MB or 5GB.')
}

const examples = `
Examples:
  swat export --run runs/moby-dick --to moby-dick
  swat export --run runs/moby-dick --to moby-dick --dtype bfloat16 --shard-size 500MB --force`
