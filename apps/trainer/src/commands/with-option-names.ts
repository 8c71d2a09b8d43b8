import { DataError } from '@swat-js/data'

/**
 * An error of `@swat-js/data` in the words of the command line: where it advises an option of the library, it names
 * that of the command, as in `--missing-text skip` for `missingText: 'skip'`.
 *
 * @param error - what was thrown
 * @returns another DataError, with that one as its cause; anything else as it is
 */
export function withOptionNames(error: unknown): unknown {
  if (!(error instanceof DataError)) return error
  const message = error.message
    .replace(/\b(format|missingText|invalidText): '(\w+)'(?: or '(\w+)')?/g, (_, name: string, ...values) => {
      const [value, other] = values as (string | undefined)[]
      return `${flagOf(name)} ${value}${other === undefined ? '' : ` or ${other}`}`
    })
    .replace(/\b(with|at) (textField|recordsPath)\b/g, (_, before: string, name: string) => `${before} ${flagOf(name)}`)
    .replace(/\b(begin anew with) restart\b/gi, '$1 --restart')
    .replace("split by: 'position'", 'take --split position:0.1')
  return message === error.message ? error : new DataError(error.code, message, { cause: error })
}

/** The option of a command that stands for an option of a library: `--text-field` for `textField`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
