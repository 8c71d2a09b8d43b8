import { InvalidArgumentError } from 'commander'
import type { SetSplit } from '@swat-js/data/node'

/**
 * Reads how documents are divided: `8:1:1`, or `position:0.1` for the end of the text.
 *
 * @param text - what was written
 */
export function sharesOption(text: string): SetSplit {
  const [, share] = /^position:(0?\.\d+)$/.exec(text.trim()) ?? []
  if (share !== undefined && Number(share) > 0) return { by: 'position', validationShare: Number(share) }
  const parts = text.split(':').map((part) => part.trim())
  const shares = parts.map(Number)
  const areShares = parts.every((part) => /^\d{1,5}$/.test(part)) && shares[0] > 0
  if (areShares && parts.length >= 2 && parts.length <= 3) return { by: 'document', shares }
  throw new InvalidArgumentError(
    'Expected shares of train, validation and test, such as 8:1:1 or 99:1, or the share of the text at its end that ' +
      'is held out, such as position:0.1.',
  )
}
