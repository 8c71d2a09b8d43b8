import { Option } from 'commander'
import { collect } from './collect.js'

/** The option `--set` of commands that run a trained model. */
export function modelSetOption(): Option {
  return new Option('--set <key=value>', 'run the model otherwise, for example model.window=1024; may be repeated')
    .argParser(collect)
    .default([], 'as it was trained')
}
