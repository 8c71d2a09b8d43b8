import { Option } from 'commander'

/** What `--backend` may be. */
export const backendNames = ['auto', 'webgpu', 'tensorflow', 'wasm', 'cpu'] as const

/** The option `--backend` of commands that have no configuration file. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'what computes').choices(backendNames).default('auto')
}
