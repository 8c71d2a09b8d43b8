import { Option } from 'commander'
import { numberOption } from './number-option.js'

/** The option `--threads` of commands that offer `--backend`. */
export function threadsOption(): Option {
  return new Option(
    '--threads <count>',
    'threads of the wasm engine (default: as many as the machine runs at once)',
  ).argParser(numberOption({ whole: true, least: 1 }))
}
