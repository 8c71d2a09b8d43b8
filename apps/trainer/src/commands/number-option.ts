import { InvalidArgumentError } from 'commander'

/**
 * A parser for an option that is a number.
 *
 * @param limits - `whole`: no fractions; `least`: the smallest that is accepted
 */
export function numberOption(limits: { whole?: boolean; least: number }): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text)
    if (Number.isFinite(value) && value >= limits.least && (!limits.whole || Number.isInteger(value))) return value
    throw new InvalidArgumentError(`Expected a ${limits.whole ? 'whole ' : ''}number of at least ${limits.least}.`)
  }
}
