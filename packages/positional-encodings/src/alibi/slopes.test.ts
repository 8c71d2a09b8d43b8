import { readFileSync } from 'node:fs'
import { expectClose } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alibiSlopes } from './alibi-slopes.js'
import { slopePreset, type SlopePresetName, slopePresetNames } from './slope-preset.js'
import { slopes, type SlopeRule, type SlopesOptions } from './slopes.js'

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../../test/golden/${file}.json`, import.meta.url), 'utf8'))
const alibi: { heads: number; press: number[]; geometric: number[] }[] = read('alibi-slopes').rows
const variants: { name: string; heads: number; paper_sign: number[]; flash_sign: number[] }[] = read('swat-slopes').rows

describe('alibiSlopes', () => {
  it.each(alibi)('golden: $heads heads', ({ heads, press }) => {
    expectClose(alibiSlopes(heads), press, { relative: 1e-12 })
  })

  it.each(alibi)('slopes with rule global are 2^(-8k/n) for $heads heads', ({ heads, geometric }) => {
    expectClose(slopes({ recency: 0, remote: heads, rule: 'global' }), geometric, { relative: 1e-12 })
  })

  it.each([0, -1, 1.5])('refuses %d heads', (heads) => {
    expect(() => alibiSlopes(heads)).toThrow(`alibiSlopes: heads must be a positive integer, but is ${heads}.`)
  })
})

/** The generator's arguments for a golden row; null where the row is not offered. */
function argumentsOf(name: string, heads: number): SlopesOptions | null {
  const half = heads / 2
  const split = /^split (\d+):(\d+) (pow2|global|per-side)$/.exec(name)
  if (split) {
    const rule: SlopeRule = split[3] === 'per-side' ? 'perSide' : (split[3] as SlopeRule)
    return { recency: Number(split[1]), remote: Number(split[2]), rule }
  }
  switch (name) {
    case 'swat-neg alibi':
    case 'code 91e222e/bf13f51 swattn.py':
      return { recency: heads, remote: 0, rule: 'global' }
    case 'swat-pos alibi':
    case 'code 2898e5d swat_attn.py':
      return { recency: 0, remote: heads, rule: 'global' }
    case 'swat-neg eq4':
      return { recency: heads, remote: 0, rule: 'pow2' }
    case 'swat-balanced eq4':
      return { recency: half, remote: half, rule: 'pow2' }
    case 'swat-balanced per-side':
      return { recency: half, remote: half, rule: 'perSide' }
    case 'code f1a771f balanced':
      return { recency: half, remote: half, rule: 'global', order: 'remote-first', reverseSecond: true }
    case 'commented 3:1 split in swattn.py':
      return { recency: (3 * heads) / 4, remote: heads / 4, rule: 'global' }
    case 'notebook v.ipynb base 2^16':
      return { recency: half, remote: half, rule: 'perSide', reverseSecond: true }
    case 'code 8:4 (32f5bb1, d6c2a5f, better-nanoGPT 6d3d908)':
      return heads % 3 === 0
        ? { recency: (2 * heads) / 3, remote: heads / 3, rule: 'global', order: 'remote-first', reverseSecond: true }
        : null
    default:
      return null
  }
}

const offered = variants.filter(({ name, heads }) => argumentsOf(name, heads) !== null)

describe('slopes', () => {
  it.each(offered)('golden: $name, $heads heads', ({ name, heads, paper_sign, flash_sign }) => {
    const made = slopes(argumentsOf(name, heads) as SlopesOptions)
    expectClose(made, paper_sign, { relative: 1e-12 })
    expectClose(
      made,
      flash_sign.map((slope) => -slope),
      { relative: 1e-12 },
    )
  })

  it('offers every golden row but one: the code that makes 15 slopes for 16 heads, which no kernel accepts', () => {
    const missing = variants.filter((row) => !offered.includes(row))
    expect(missing.map(({ name, heads, paper_sign }) => [name, heads, paper_sign.length])).toEqual([
      ['code 8:4 (32f5bb1, d6c2a5f, better-nanoGPT 6d3d908)', 16, 15],
    ])
    expect(variants).toHaveLength(56)
  })

  it('gives one slope a head, recency negative, remote positive', () => {
    const options = fc.record({
      recency: fc.nat(20),
      remote: fc.nat(20),
      rule: fc.constantFrom<SlopeRule>('pow2', 'global', 'perSide', 'press'),
      order: fc.constantFrom('recency-first' as const, 'remote-first' as const),
      reverseSecond: fc.boolean(),
    })
    fc.assert(
      fc.property(options, (options) => {
        fc.pre(options.recency + options.remote > 0)
        const made = slopes(options)
        expect(made.filter((slope) => slope < 0)).toHaveLength(options.recency)
        expect(made.filter((slope) => slope > 0)).toHaveLength(options.remote)
        const first = options.order === 'remote-first' ? made.slice(0, options.remote) : made.slice(0, options.recency)
        expect(new Set(first.map(Math.sign)).size).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('follows the official rule on each side', () => {
    const expected = [...alibiSlopes(6).map((slope) => -slope), ...alibiSlopes(3)]
    expect(slopes({ recency: 6, remote: 3, rule: 'press' })).toEqual(expected)
  })

  it.each<[Partial<SlopesOptions>, string]>([
    [{ recency: -1 }, 'slopes: recency must be an integer of at least 0, but is -1.'],
    [{ remote: 1.5 }, 'slopes: remote must be an integer of at least 0, but is 1.5.'],
    [
      { recency: 0, remote: 0 },
      'slopes: recency + remote must be at least 1. For no slopes at all use the preset none.',
    ],
    [{ rule: 'linear' as SlopeRule }, "rule must be 'pow2', 'global', 'perSide' or 'press', but is 'linear'."],
  ])('refuses %o', (wrong, message) => {
    expect(() => slopes({ recency: 2, remote: 2, rule: 'pow2', ...wrong })).toThrow(message)
  })
})

describe('slopePreset', () => {
  const rowsOf: [SlopePresetName, string][] = [
    ['swat-', 'swat-neg alibi'],
    ['swat+', 'swat-pos alibi'],
    ['swat-+', 'swat-balanced eq4'],
    ['code-f1a771f', 'code f1a771f balanced'],
    ['alibi-12:0', 'split 12:0 global'],
    ['alibi-8:4', 'split 8:4 global'],
    ['alibi-6:6', 'split 6:6 global'],
    ['alibi-4:8', 'split 4:8 global'],
    ['alibi-0:12', 'split 0:12 global'],
  ]
  const cases = rowsOf.flatMap(([preset, row]) =>
    variants.filter(({ name }) => name === row).map(({ heads, paper_sign }) => ({ preset, heads, paper_sign })),
  )

  it.each(cases)('golden: $preset, $heads heads', ({ preset, heads, paper_sign }) => {
    expectClose(slopePreset(preset, heads) ?? [], paper_sign, { relative: 1e-12 })
  })

  it.each(alibi)('alibi is official ALiBi, favouring recent keys: $heads heads', ({ heads, press }) => {
    expectClose(
      slopePreset('alibi', heads) ?? [],
      press.map((magnitude) => -magnitude),
      { relative: 1e-12 },
    )
  })

  it('knows every name that it lists', () => {
    for (const name of slopePresetNames) {
      expect(slopePreset(name, 8)?.length ?? null).toBe(name === 'none' ? null : 8)
    }
  })

  it.each<[string, number, string]>([
    [
      'swat-+',
      7,
      "'swat-+' gives half the heads to each side, so heads must be even, but is 7. " +
        "Choose an even number of heads or a split like 'alibi-4:3'.",
    ],
    ['code-f1a771f', 3, "'code-f1a771f' gives half the heads to each side, so heads must be even, but is 3."],
    [
      'alibi-8:4',
      16,
      "'alibi-8:4' is for 12 heads, but there are 16. Choose two numbers that add up to 16, for example 'alibi-16:0'.",
    ],
    [
      'swat',
      8,
      "there is no preset 'swat'. Choose one of 'swat-', 'swat+', 'swat-+', 'alibi', 'code-f1a771f', 'none' or 'alibi-a:b'.",
    ],
    ['alibi-6', 6, "there is no preset 'alibi-6'."],
    ['swat-', 0, 'heads must be a positive integer, but is 0.'],
  ])('refuses %s with %d heads', (name, heads, message) => {
    expect(() => slopePreset(name as SlopePresetName, heads)).toThrow(`slopePreset: ${message}`)
  })
})
