import { Option } from 'commander'

/** The option `--tuning-file`. */
export function tuningFileOption(): Option {
  return new Option('--tuning-file <file>', "where --tune keeps what it measures (default: in the user's cache folder)")
}
