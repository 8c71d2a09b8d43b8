import { Option } from 'commander'

/** The option `--backend` of commands that have no configuration file. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'what computes')
    .choices(['auto', 'webgpu', 'tensorflow', 'wasm', 'cpu'])
    .default('auto')
}
