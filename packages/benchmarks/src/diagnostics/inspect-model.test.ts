import {
  attentionWeights,
  initializeParameters,
  lossByContext,
  resolveConfig,
  swatHiddenStates,
  type SwatConfigInput,
} from '@swat-js/models'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { correlation } from './correlation.js'
import { formatInspection } from './format-inspection.js'
import { inspectModel } from './inspect-model.js'
import type { InspectionOptions } from './inspection.js'
import { drawInspection } from './node/draw-inspection.js'
import { receivedAttention } from './received-attention.js'
import { rowStatistics } from './row-statistics.js'
import { tokenVariance } from './token-variance.js'

const text = Array.from({ length: 90 }, (_, i) => (i * i + (i >> 1) + 3 * (i >> 3)) % 11)
const sizes = { vocabSize: 11, hiddenSize: 16, layers: 2, heads: 2, intermediateSize: 24, initStd: 0.4 }

async function inspect(given: Partial<SwatConfigInput>, options: InspectionOptions = {}) {
  const config = resolveConfig({ ...sizes, window: 5, ...given })
  const parameters = initializeParameters(config, createRandom(1))
  const inspection = await expectNoLeak(() =>
    inspectModel(parameters, config, text, { tokens: 40, sequenceLength: 16, places: 5, mapTokens: 12, ...options }),
  )
  return { config, parameters, inspection }
}

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

describe('inspectModel', () => {
  it('describes a stretch in the middle by the weights and hidden states of the whole text', async () => {
    const { config, parameters, inspection } = await inspect({}, { from: 30 })
    expect(inspection).toMatchObject({ textTokens: 90, stretch: { from: 30, to: 70 } })
    const band = await attentionWeights(parameters, config, text, { layer: 1, from: 30, to: 70 })
    const row = (head: number, query: number) =>
      band.weights.subarray(5 * (40 * head + query), 5 * (40 * head + query + 1))
    const { variance, received, heads } = inspection.layers[1]
    heads.forEach(({ head, rows, statistics, largestLogit }) => {
      expect([rows, largestLogit]).toEqual([40, null])
      const each = Array.from({ length: 40 }, (_, query) => rowStatistics(row(head, query)))
      for (const key of Object.keys(statistics) as (keyof typeof statistics)[]) {
        expect(statistics[key]).toBeCloseTo(each.reduce((sum, one) => sum + one[key], 0) / 40, 9)
      }
    })
    const states = tf.tidy(() => {
      const input = tf.tensor2d([text], undefined, 'int32')
      return swatHiddenStates(parameters, config, input, { everyBlock: true }).everyBlock?.[1].dataSync() ?? []
    })
    expectClose(variance, tokenVariance(states, 16).slice(30, 70), { relative: 1e-5 })
    const ofHeads = receivedAttention(band, { divideBy: 'visible' })
    expectClose(received, ofHeads[0].map((one, token) => (one + ofHeads[1][token]) / 2), { relative: 1e-12 }) // prettier-ignore
    expect(inspection.layers[1].correlation).toEqual(correlation(variance, received))
    expect(heads[1].correlation).toEqual(correlation(variance, ofHeads[1]))
    disposeParameters(parameters)
  })

  it('measures the receptive field to the token, and losses at places with that much before them', async () => {
    const { config, parameters, inspection } = await inspect({ window: [4, 2] })
    const { theoretical, measured, measuredWithin, influence, loss } = inspection.receptiveField
    expect([theoretical, measured, measuredWithin]).toEqual([5, 5, 13])
    expect(influence.norms).toHaveLength(5)
    expect(Math.min(...influence.norms)).toBeGreaterThan(0)
    expect(influence.half).toBeLessThanOrEqual(influence.most)
    expect(loss).toMatchObject({ places: 5, contexts: [1, 2, 4, 5] })
    const places = [88, 67, 46, 25, 4]
    expectClose(loss.losses, await lossByContext(parameters, config, text, { contexts: [1, 2, 4, 5], places }), {
      relative: 1e-6,
    })
    disposeParameters(parameters)
    const longer = await inspect({ window: [4, 2] }, { context: 8 })
    expect(longer.inspection.receptiveField.influence.norms.map((norm) => norm > 0)).toEqual([
      ...[true, true, true, true, true, false, false, false],
    ])
    disposeParameters(longer.parameters)
  })

  it('softmax: rows sum to 1, the largest logit is where normal ones would have it at most, no limit is null', async () => {
    const given = { activation: 'softmax', slopes: 'none', window: null } as const
    const { parameters, inspection } = await inspect(given, { mapLayers: [0, 1], mapHeads: [1] })
    expect(inspection.receptiveField).toMatchObject({ theoretical: null, measured: 90, measuredWithin: 90 })
    for (const { heads } of inspection.layers) {
      for (const { rows, statistics, largestLogit } of heads) {
        expect(rows).toBe(39)
        expect(statistics.sum).toBeCloseTo(1, 6)
        const { sigma, gap, predictedGap, expectedGap } = largestLogit ?? expect.fail()
        expect(gap / sigma).toBeGreaterThan(0.5)
        expect(gap / sigma).toBeLessThan(Math.sqrt(39))
        expect(expectedGap).toBeLessThan(predictedGap)
      }
    }
    expect(inspection.maps.map(({ layer, head }) => [layer, head])).toEqual([[0, 1], [1, 1]]) // prettier-ignore
    for (const { queries, keys, weights } of inspection.maps) {
      expect(queries).toEqual(Array.from({ length: 12 }, (_, i) => i))
      expect(keys).toEqual(queries.map((query) => queries.slice(0, query + 1)))
      weights.forEach((row) => expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6))
    }
    // Without a window the first token is the first in the window.
    const { first, firstWhereVisible, firstInWindow, sequences } = inspection.sinks ?? expect.fail()
    expect([firstWhereVisible, firstInWindow, sequences]).toEqual([first, first, 5])
    disposeParameters(parameters)
  })

  it('finds sinks that were built: every head looks at the first key it sees', async () => {
    const remote = { slopes: [9, 9], sigmoidBias: -31.5, initStd: 0.02 } // σ(4.5) four places back, σ(−4.5) three
    const { parameters, inspection } = await inspect(remote, { epsilon: 0.5 }) // 5 of 16 queries see the first
    const { first, firstWhereVisible, firstInWindow, normalisedRows, layers } = inspection.sinks ?? expect.fail()
    expect({ first, firstWhereVisible, firstInWindow, normalisedRows }).toEqual({
      ...{ first: 0, firstWhereVisible: 1, firstInWindow: 1, normalisedRows: true },
    })
    expect(layers).toHaveLength(2)
    disposeParameters(parameters)
  })

  it('tells its progress, and all of it is plain data', async () => {
    const calls: [number, number][] = []
    const { parameters, inspection } = await inspect({}, { onProgress: (...call) => calls.push(call) })
    expect(calls.every(([done], i) => i === 0 || done >= calls[i - 1][0])).toBe(true)
    const [done, total] = calls[calls.length - 1]
    expect(done).toBe(total)
    expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection)
    disposeParameters(parameters)
  })

  it.each([
    [{ from: 89 }, 'from must be a place with a token after it, from 0 to 88, but is 89'],
    [{ tokens: 1 }, 'tokens must be two at least, but is 1'],
    [{ context: 90 }, 'the text must have a token more than context, which is 90, but has 90'],
    [{ places: 0 }, 'places must be a positive integer, but is 0'],
    [{ epsilon: NaN }, 'epsilon must be a number of at least 0, but is NaN'],
    [{ mapLayers: [2] }, 'a layer must be a whole number from 0 to 1, but is 2'],
    [{ mapHeads: [0, 5] }, 'a head must be a whole number from 0 to 1, but is 5'],
  ])('refuses %j', async (options, message) => {
    await expect(inspect({}, options)).rejects.toThrow(message)
  })

  it('refuses a recurrence, which has no attention to look at', async () => {
    const config = resolveConfig({ ...sizes, mixer: 'gla', window: null, slopes: 'none', rope: null })
    const parameters = initializeParameters(config, createRandom(1))
    const message = 'the model must have attention, but its mixer is gla. A recurrence has no attention weights.'
    await expect(expectNoLeak(() => inspectModel(parameters, config, text, { tokens: 40 }))).rejects.toThrow(message)
    disposeParameters(parameters)
  })
})

describe('an inspection for people', () => {
  it('as text: a row for each head, layer and context', async () => {
    const { parameters, inspection } = await inspect({ activation: 'softmax', slopes: 'none', sinks: 1 })
    const lines = formatInspection(inspection).split('\n')
    const table = (title: string, rows: number) => {
      const at = lines.findIndex((line) => line.startsWith(title))
      return lines.slice(at + 1, at + 2 + rows).map((line) => line.trim().split(/ {2,}/))
    }
    const heads = table('Attention of 40 tokens, from token 0 of 90 on', 4)
    expect(heads[0].slice(0, 5)).toEqual(['layer', 'head', 'keys', 'sum', 'mean'])
    expect(heads[0].slice(-2)).toEqual(['largest', 'formula'])
    expect(heads.slice(1).map((cells) => cells.slice(0, 4))).toEqual([
      ['0', '0', '6', '1'],
      ['0', '1', '6', '1'],
      ['1', '0', '6', '1'],
      ['1', '1', '6', '1'],
    ])
    const variances = table('Variance of tokens', 2)
    expect(variances.map((cells) => cells.slice(0, 2))).toEqual([
      ['layer', 'window'],
      ['0', '5'],
      ['1', '5'],
    ])
    const sinks = table('Attention sinks: share of the heads that give a key more than 0.3', 3)
    expect(sinks.map(([name]) => name)).toEqual(['layer', '0', '1', 'all'])
    expect(lines).toContain('by the windows: 1 + Σ (window − 1) = 9')
    expect(table('by loss, at 5 places:', 5).map(([given]) => given)).toEqual(['tokens given', '1', '2', '4', '8', '9'])
    disposeParameters(parameters)
  })

  it('as one SVG: maps with a square for each weight, four panels', async () => {
    const { parameters, inspection } = await inspect({}, { mapLayers: [0], mapHeads: [0, 1] })
    const svg = drawInspection(inspection)
    expect(svg).toBe(drawInspection(inspection))
    expect(svg.match(/layer 0, head [01]; largest/g)).toHaveLength(2)
    const [largest] = [Math.max(...inspection.maps[0].weights.flat())]
    const visible = inspection.maps[0].weights
      .flat()
      .filter((weight) => Math.round(12 * Math.sqrt(weight / largest)) > 0)
    const map = svg.slice(svg.indexOf('layer 0, head 0'), svg.indexOf('layer 0, head 1'))
    expect(map.match(/M\d+,\d+h1v1h-1z/g)).toHaveLength(visible.length)
    for (const label of ['variance of tokens', 'attention received', 'influence on the loss', 'loss by context']) {
      expect(svg).toContain(label)
    }
    expect(svg).not.toMatch(/NaN|undefined/)
    disposeParameters(parameters)
  })
})
