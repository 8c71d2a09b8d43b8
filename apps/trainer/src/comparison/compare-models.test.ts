import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parameterCount } from '@swat-js/models'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveModel } from '../config/resolve-model.js'
import { resolveRunConfig } from '../config/resolve-run-config.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { comparedModels } from './compared-models.js'
import { compareModels } from './compare-models.js'
import { matchParameters } from './match-parameters.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-compare-'))
  await writeFile(join(folder, 'text.txt'), 'The whale swims and the ship sails. '.repeat(60))
})
afterEach(() => rm(folder, { recursive: true }))

const recipe = (training: object = {}) =>
  resolveRunConfig({
    name: 'tiny',
    data: { path: join(folder, 'text.txt') },
    engine: { backend: 'cpu' },
    tokenizer: { type: 'byte' },
    model: { preset: 'nano', hiddenSize: 16, layers: 1, heads: 2, window: 8, intermediateSize: 32 },
    training: { steps: 4, batchSize: 2, length: 16, ...training },
    sample: { every: 99, tokens: 1 },
    output: { folder: join(folder, 'runs') },
  })

describe('compareModels', () => {
  it('trains each model with each rate, tells the best, and trains nothing twice', async () => {
    const notices: string[] = []
    const compare = (models: string[], learningRates: number[]) =>
      compareModels({ config: recipe(), models, learningRates, onNotice: (text) => notices.push(text) })
    const rows = await compare(['swat', 'transformer++'], [1e-4, 1e-2])
    expect(rows.map(({ model }) => model).sort()).toEqual(['swat', 'transformer++'])
    expect(rows.map(({ learningRate }) => learningRate)).toEqual([1e-2, 1e-2])
    expect(rows.map(({ tokens }) => tokens)).toEqual([128, 128])
    expect(rows[0].bitsPerByte).toBeLessThanOrEqual(rows[1].bitsPerByte)
    expect(rows[0].parameters).toBe(rows[1].parameters)
    expect(await readdir(join(folder, 'runs'))).toEqual([
      ...['swat-0.0001', 'swat-0.01', 'transformerplusplus-0.0001', 'transformerplusplus-0.01'],
    ])
    const record = await readRunRecord(join(folder, 'runs/transformerplusplus-0.01'))
    expect(record?.model).toMatchObject({ activation: 'softmax', window: null, slopes: 'none' })

    notices.length = 0
    const again = await compare(['transformer++', 'swat'], [1e-2])
    expect(again).toEqual(rows)
    expect(notices).toEqual([
      'Run 1 of 2: transformerplusplus-0.01, finished before',
      'Run 2 of 2: swat-0.01, finished before',
    ])
  })

  it('goes on when a model diverges', async () => {
    const notices: string[] = []
    const rows = await compareModels({
      ...{ config: recipe({ clip: null, schedule: 'constant' }), models: ['swat'], learningRates: [1e30, 1e-3] },
      onNotice: (text) => notices.push(text),
    })
    expect(rows.map(({ learningRate }) => learningRate)).toEqual([1e-3])
    expect(notices.join()).toMatch(/loss.*NaN|NaN.*loss/i)
  })

  it('stops when it is told to', async () => {
    const compare = compareModels({
      ...{ config: recipe(), models: ['swat'], learningRates: [1e-3] },
      signal: AbortSignal.abort(new Error('enough')),
    })
    await expect(compare).rejects.toThrow('enough')
  })

  it.each<[string[], number[], string]>([
    [['lstm'], [1e-3], "compareModels: there is no model 'lstm'. Choose among swat, swat-, swat+, swat-log-bias,"],
    [[], [1e-3], 'compareModels: expected at least one model and one learning rate.'],
    [['swat'], [], 'compareModels: expected at least one model and one learning rate.'],
  ])('refuses %j with rates %j', async (models, learningRates, message) => {
    await expect(compareModels({ config: recipe(), models, learningRates })).rejects.toThrow(message)
  })
})

describe('matchParameters', () => {
  it.each(Object.keys(comparedModels))('gives %s as many parameters as SWAT has, within half a step', (name) => {
    const base = { preset: 'nano', window: 64 } as const
    const target = parameterCount(resolveModel(base, 2048)).total
    const matched = matchParameters({ ...base, ...comparedModels[name] }, target, 2048)
    const model = resolveModel(matched, 2048)
    const perStep = 8 * 3 * model.hiddenSize * model.layers
    expect(Math.abs(parameterCount(model).total - target)).toBeLessThanOrEqual(perStep / 2)
  })
})
