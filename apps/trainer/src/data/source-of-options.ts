import type { DocumentSource } from '@swat-js/data/node'
import { SwatError } from '@swat-js/tensor-core'
import type { SourceOptions } from '../commands/source-options.js'
import { flagOf } from '../commands/with-option-names.js'

/**
 * What the options of a command say is to be read.
 *
 * @param paths - files, folders and globs, where there is neither `--module` nor `--hub`
 * @param options - the options as they were written; with `--hub`, HF_TOKEN and HF_ENDPOINT count too
 * @throws SwatError `config` for options that do not go together
 */
export function sourceOfOptions(paths: readonly string[], options: SourceOptions): DocumentSource {
  const { module, hub, textField, format, recordsPath, invalidText, missingText } = options
  if (hub === undefined) refuseOption(options, ['hubFiles', 'revision', 'token'], 'needs --hub.')
  if (module !== undefined) {
    refuseOption(options, ['format', 'recordsPath'], 'is about files; a module has none.')
    return { module, textField, invalidText, missingText }
  }
  const reading = { format, textField, recordsPath, invalidText, missingText }
  if (hub === undefined) return { ...reading, path: [...paths] }
  const { HF_TOKEN, HF_ENDPOINT: endpoint } = process.env
  const { hubFiles: files, revision, token = HF_TOKEN } = options
  return { ...reading, hub, files, revision, token, endpoint }
}

/**
 * Refuses a command that does not say in exactly one way what is to be read.
 *
 * @param ways - what was given by the name of each way; undefined where it was not
 * @param allowed - the ways in words
 * @throws SwatError `config`
 */
export function expectOneWay(ways: Readonly<Record<string, unknown>>, allowed: string): void {
  const given = Object.keys(ways).filter((way) => ways[way] !== undefined)
  if (given.length === 1) return
  const came = given.length === 0 ? 'none of them was given' : `there are ${given.join(' and ')}`
  throw new SwatError('config', `Give what to read in one way: ${allowed}; ${came}.`)
}

/**
 * Refuses the first of some options that was given.
 *
 * @param options - the options as they were written
 * @param keys - those that are refused
 * @param reason - ends the sentence that begins with the option
 * @throws SwatError `config`
 */
export function refuseOption<T extends object>(options: T, keys: readonly (keyof T & string)[], reason: string): void {
  const found = keys.find((key) => options[key] !== undefined)
  if (found !== undefined) throw new SwatError('config', `${flagOf(found)} ${reason}`)
}
