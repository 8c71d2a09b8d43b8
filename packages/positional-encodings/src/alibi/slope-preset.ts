import { SwatError } from '@swat-js/tensor-core'
import { alibiSlopes } from './alibi-slopes.js'
import { slopes } from './slopes.js'

/**
 * Named slopes, in the words of the paper. `swat-`: every head favours recent keys, ALiBi magnitudes. `swat+`: every
 * head favours remote keys. `swat-+`: half and half, SWAT Eq. 4. `alibi`: every head favours recent keys, official
 * ALiBi for any number of heads (spec 1.4). `alibi-a:b`: a recency heads, then b remote heads, magnitudes 2^(−8k /
 * heads), the rows of Table 3. `code-f1a771f`: as the authors' code had them at that commit. `none`: no slopes.
 */
export type SlopePresetName = (typeof slopePresetNames)[number] | `alibi-${number}:${number}`

/** The fixed preset names; `alibi-a:b` comes on top. */
export const slopePresetNames = ['swat-', 'swat+', 'swat-+', 'alibi', 'code-f1a771f', 'none'] as const

/**
 * Slopes by name, in the paper's sign (spec 1.3).
 *
 * @param name - a {@link SlopePresetName}
 * @param heads - number of attention heads
 * @returns one slope a head, or null for `none`
 * @throws SwatError `slopes` when the name is unknown or does not go with this number of heads
 */
export function slopePreset(name: SlopePresetName, heads: number): number[] | null {
  if (!Number.isInteger(heads) || heads < 1) {
    throw new SwatError('slopes', `slopePreset: heads must be a positive integer, but is ${heads}.`)
  }
  switch (name) {
    case 'none':
      return null
    case 'swat-':
      return slopes({ recency: heads, remote: 0, rule: 'global' })
    case 'swat+':
      return slopes({ recency: 0, remote: heads, rule: 'global' })
    case 'swat-+':
      return slopes({ ...halves(name, heads), rule: 'pow2' })
    case 'alibi':
      return alibiSlopes(heads).map((magnitude) => -magnitude)
    case 'code-f1a771f':
      return slopes({ ...halves(name, heads), rule: 'global', order: 'remote-first', reverseSecond: true })
    default:
      return slopes({ ...split(name, heads), rule: 'global' })
  }
}

function halves(name: string, heads: number): { recency: number; remote: number } {
  if (heads % 2 !== 0) {
    throw new SwatError(
      'slopes',
      `slopePreset: '${name}' gives half the heads to each side, so heads must be even, but is ${heads}. ` +
        `Choose an even number of heads or a split like 'alibi-${(heads + 1) / 2}:${(heads - 1) / 2}'.`,
    )
  }
  return { recency: heads / 2, remote: heads / 2 }
}

function split(name: string, heads: number): { recency: number; remote: number } {
  const match = /^alibi-(\d+):(\d+)$/.exec(name)
  if (!match) {
    const known = slopePresetNames.map((known) => `'${known}'`).join(', ')
    throw new SwatError('slopes', `slopePreset: there is no preset '${name}'. Choose one of ${known} or 'alibi-a:b'.`)
  }
  const [recency, remote] = [Number(match[1]), Number(match[2])]
  if (recency + remote !== heads) {
    throw new SwatError(
      'slopes',
      `slopePreset: '${name}' is for ${recency + remote} heads, but there are ${heads}. ` +
        `Choose two numbers that add up to ${heads}, for example 'alibi-${heads}:0'.`,
    )
  }
  return { recency, remote }
}
