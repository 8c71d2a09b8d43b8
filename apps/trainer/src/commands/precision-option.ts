import { Option } from 'commander'

/** The option `--precision`. */
export function precisionOption(): Option {
  return new Option('--precision <name>', 'what a GPU kernel may compute in')
    .choices(['float32', 'mixed'])
    .default('float32')
}
