import { InvalidArgumentError } from 'commander'

/**
 * A parser for an option that is a list of whole numbers, for example `1024,4096`.
 *
 * @param least - the smallest that is accepted
 */
export function numbersOption(least: number): (text: string) => number[] {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim())
    const values = parts.map(Number)
    if (parts.every((part, i) => /^\d+$/.test(part) && Number.isSafeInteger(values[i]) && values[i] >= least)) {
      return values
    }
    throw new InvalidArgumentError(
      `Expected whole numbers of at least ${least} with commas between, for example 1024,4096.`,
    )
  }
}
