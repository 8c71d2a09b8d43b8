import { readFileSync } from 'node:fs'
import { SwatError } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { baselineConfig, baselineNames, type BaselineName } from './baselines.js'
import { paperRow, paperRowNames, type PaperRowName } from './paper-rows.js'
import { presetConfig, presetNames, type PresetName } from './presets.js'
import type { SwatConfig } from './swat-config.js'

const ownPresets = ['nano', 'micro', 'tiny', 'small', 'base', 'medium'] as const
const paperPresets = ['swat-340m', 'swat-760m', 'swat-analysis'] as const

describe('presetConfig', () => {
  it('has tiny, small and paper models, and the rows of the tables in two sizes', () => {
    const rows = paperRowNames.flatMap((name) => [name, `${name}-small`])
    expect(presetNames).toEqual([...ownPresets, ...paperPresets, ...rows])
    expect(rows).toHaveLength(2 * (6 + 11))
  })

  it.each([...ownPresets, ...paperPresets])('%s is SWAT as published: sigmoid, balanced slopes, RoPE', (name) => {
    expect(presetConfig(name)).toMatchObject({ activation: 'sigmoid', slopes: 'swat-+', rope: { base: 10000 } })
  })

  it('has the windows of the paper', () => {
    expect(presetConfig('swat-340m').window).toBe(256)
    expect(presetConfig('swat-760m').window).toBe(256)
    expect(presetConfig('swat-analysis').window).toBe(128)
  })

  it('derives sizes anew from overrides', () => {
    const config = presetConfig('nano', { hiddenSize: 1024, heads: 8 })
    expect(config).toMatchObject({ headDim: 128, intermediateSize: 2816, kvHeads: 8 })
  })

  it('refuses unknown names and wrong overrides', () => {
    expect(() => presetConfig('huge' as PresetName)).toThrow(/no preset 'huge'. Choose one of nano, micro.*table3-11/)
    expect(() => presetConfig('toString' as PresetName)).toThrow(SwatError)
    expect(() => presetConfig('nano', { window: 0 })).toThrow(/window must be/)
  })
})

const tables = JSON.parse(
  readFileSync(new URL('../../../../test/golden/paper-tables.json', import.meta.url), 'utf8'),
) as {
  table2: { eval_lengths: number[]; rows: Record<'model' | 'train_window' | 'train_length' | 'eval_window', never>[] }
  table3: {
    rows: {
      no: number
      activation: string
      position: string
      train_window: number
      train_length: number
      eval_window: number
    }[]
  }
}

/** A row of Table 3 in the paper's words. */
function inWords({ slopes, rope, window, activation }: SwatConfig) {
  const counts = typeof slopes === 'object' && !Array.isArray(slopes) ? slopes : null
  const split = counts && `${counts.recency}:${counts.remote}`
  return { activation, train_window: window, position: split ? `${rope ? 'AliRope' : 'ALiBi'}-${split}` : 'RoPE' }
}

describe('rows of the paper', () => {
  it.each(tables.table3.rows)('table 3, row $no: $activation, $position', (row) => {
    const name = `table3-${row.no}` as PaperRowName
    const { activation, train_window, train_length, eval_window } = row
    const position = row.position === 'ALiBi' ? 'ALiBi-12:0' : row.position // the split of row 11 is not printed
    const config = presetConfig(name)
    expect(inWords(config)).toEqual({ activation, train_window, position })
    expect(paperRow(name)).toEqual({
      trainLength: train_length,
      evaluations: [{ window: eval_window, lengths: [16384] }],
    })
    expect(config).toMatchObject({ ...pick(presetConfig('swat-analysis')) })
  })

  it('table 2: windows in training and evaluation, lengths', () => {
    const { eval_lengths: lengths, rows } = tables.table2
    const printed = rows.map(({ model, train_window, train_length, eval_window }) => {
      const label = (model as string).toLowerCase().replace(' window', '').split(' ').slice(0, 2).join('-')
      return [`table2-${label}`, train_window, train_length, eval_window, lengths]
    })
    const ours = paperRowNames
      .filter((name) => name.startsWith('table2'))
      .flatMap((name) => {
        const { trainLength, evaluations } = paperRow(name)!
        const { window, activation, slopes, rope } = presetConfig(name)
        expect({ activation, slopes, rope }).toEqual({ activation: 'softmax', slopes: 'none', rope: { base: 10000 } })
        return evaluations.map((evaluation) => [name, window, trainLength, evaluation.window, evaluation.lengths])
      })
    expect(ours).toEqual(printed)
  })

  it.each(paperRowNames)('%s-small is an eighth of it, with half of the heads', (name) => {
    const [paper, small] = [presetConfig(name), presetConfig(`${name}-small`)]
    expect(8 * (small.window as number)).toBe(paper.window)
    expect(2 * small.heads).toBe(paper.heads)
    expect(small).toMatchObject({ activation: paper.activation, rope: paper.rope, tied: false, vocabSize: 256 })
    const [ofPaper, ofSmall] = [paperRow(name)!, paperRow(`${name}-small`)!]
    expect(8 * ofSmall.trainLength).toBe(ofPaper.trainLength)
    expect(ofSmall.evaluations.map(({ window }) => 8 * window)).toEqual(ofPaper.evaluations.map(({ window }) => window))
    const [words, smallWords] = [inWords(paper), inWords(small)].map(({ position }) => position)
    expect(smallWords.replace(/\d+/g, (count) => String(2 * Number(count)))).toBe(words)
  })

  it('are known by name alone', () => {
    expect(paperRow('nano')).toBeNull()
    expect(() => paperRow('table3-12')).toThrow(
      "paperRow: there is no row 'table3-12'. Choose one of table2-vanilla-a,",
    )
  })
})

function pick({ hiddenSize, layers, heads, vocabSize, tied, normEpsilon, intermediateSize }: SwatConfig) {
  return { hiddenSize, layers, heads, vocabSize, tied, normEpsilon, intermediateSize }
}

describe('baselineConfig', () => {
  it.each<[BaselineName, Partial<SwatConfig>]>([
    ['transformer++', { activation: 'softmax', window: null, slopes: 'none', rope: { base: 10000 }, sinks: 0 }],
    ['sliding-softmax', { activation: 'softmax', window: 128, slopes: 'none', rope: { base: 10000 }, sinks: 0 }],
    ['streaming-llm', { activation: 'softmax', window: 128, slopes: 'none', sinks: 4, sinkPositions: 'in-cache' }],
    ['vanilla-sigmoid', { activation: 'sigmoid', window: null, slopes: 'none', rope: { base: 10000 } }],
    ['alibi', { activation: 'softmax', window: null, slopes: 'alibi', rope: null }],
  ])('%s in the sizes of a preset', (name, expected) => {
    const config = baselineConfig(name, 'small')
    expect(config).toMatchObject(expected)
    expect(pick(config)).toEqual(pick(presetConfig('small')))
  })

  it('knows every name that it lists, and takes overrides', () => {
    expect(baselineNames.map((name) => baselineConfig(name, 'nano', { vocabSize: 9 }).vocabSize)).toEqual(
      baselineNames.map(() => 9),
    )
  })

  it('refuses unknown names', () => {
    const message = "baselineSettings: there is no baseline 'lstm'. Choose one of transformer++, sliding-softmax,"
    expect(() => baselineConfig('lstm' as BaselineName, 'nano')).toThrow(message)
    expect(() => baselineConfig('toString' as BaselineName, 'nano')).toThrow(SwatError)
  })
})
