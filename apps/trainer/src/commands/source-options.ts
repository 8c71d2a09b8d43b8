import { Option, type Command } from 'commander'
import type { PathSource } from '@swat-js/data/node'

/** Options that say what is read and how, as they were written. */
export interface SourceOptions {
  format?: PathSource['format']
  textField?: string
  recordsPath?: string
  invalidText?: 'error' | 'replace'
  missingText?: 'error' | 'skip'
  module?: string
  hub?: string
  hubFiles?: string[]
  revision?: string
  token?: string
}

const formats = 'auto text markdown lines paragraphs jsonl json csv tsv parquet'.split(' ')

/** Adds the options of commands that read documents. */
export function addSourceOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <name>', 'how files are read (default: by their endings)').choices(formats))
    .option('--text-field <path>', 'field or column that holds the text (default: text)')
    .option('--records-path <path>', 'in JSON: where the array is')
    .addOption(new Option('--invalid-text <way>', 'bytes that are no text: stop').choices(['error', 'replace']))
    .addOption(new Option('--missing-text <way>', 'records without a text: stop').choices(['error', 'skip']))
    .option('--module <name>', 'read an npm package or a .js file that exports texts')
    .option('--hub <owner/name>', 'read a data set of the Hugging Face Hub')
    .option('--hub-files <globs...>', 'which of its files')
    .option('--revision <name>', 'its branch, tag or commit')
    .option('--token <token>', 'an access token, in place of HF_TOKEN')
}
