import { DataError } from '@swat-js/data'

/** What is said of a library that reads otherwise on a command line. */
const phrases = [
  ["split by: 'position'", 'take --split position:0.1'],
  ['tokenizer.vocabSize', '--vocab-size'],
  ['tokenizer.sampleShare', '--tokenizer-sample'],
  ['endOfDocument: the tokenizer', '--end-of-document: the tokenizer'],
  ['Choose one of these, or null for none.', 'Choose one of these, or none with --no-end-of-document.'],
  ['Check the path, or give resolveFrom.', 'Check the path.'],
  ['; saveTokenizer writes one.', '.'],
  ['which token gives', 'which --token or HF_TOKEN gives'],
  ['Choose with files', 'Choose with --hub-files'],
  ['or give a format.', 'or give a --format.'],
  ['or give their format.', 'or give their --format.'],
] as const

/**
 * An error of `@swat-js/data` in the words of the command line: where it advises an option of the library, it names
 * that of the command, as in `--missing-text skip` for `missingText: 'skip'`.
 *
 * @param error - what was thrown
 * @returns another DataError, with that one as its cause; anything else as it is
 */
export function withOptionNames(error: unknown): unknown {
  if (!(error instanceof DataError)) return error
  const named = error.message
    .replace(/\b(format|missingText|invalidText): '(\w+)'(?: or '(\w+)')?/g, (_, name: string, ...values) => {
      const [value, other] = values as (string | undefined)[]
      return `${flagOf(name)} ${value}${other === undefined ? '' : ` or ${other}`}`
    })
    .replace(/\b(with|at) (textField|recordsPath)\b/g, (_, before: string, name: string) => `${before} ${flagOf(name)}`)
    .replace(/ (textField|recordsPath) (is for .*, but) format\b/, (_, name: string, rest: string) => {
      return ` ${flagOf(name)} ${rest} ${flagOf('format')}`
    })
    .replace(/\b(begin anew with) restart\b/gi, '$1 --restart')
    .replace(/^(\w+: )files: "/, `$1${flagOf('hubFiles')}: "`)
    .replace(/^(trainBpe(?:From)?: )vocabSize /, `$1${flagOf('vocabSize')} `)
  const message = phrases.reduce((text, [ofLibrary, ofCommand]) => text.replace(ofLibrary, ofCommand), named)
  return message === error.message ? error : new DataError(error.code, message, { cause: error })
}

/** The option of a command that stands for an option of a library: `--text-field` for `textField`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
