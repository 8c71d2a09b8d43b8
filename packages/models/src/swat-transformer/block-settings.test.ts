import { describe, expect, it } from 'vitest'
import { resolveConfig, type SwatConfigInput } from '../config/swat-config.js'
import { blockSettings } from './block-settings.js'

const sizes = { vocabSize: 9, hiddenSize: 8, layers: 1, heads: 4, kvHeads: 2, headDim: 6, window: 16 }
const settingsOf = (changes: Partial<SwatConfigInput> = {}) => blockSettings(resolveConfig({ ...sizes, ...changes }))

describe('blockSettings', () => {
  it('turns the default into the slopes of SWAT Eq. 4, no bias', () => {
    expect(settingsOf()).toEqual({
      attention: {
        heads: 4,
        kvHeads: 2,
        headDim: 6,
        window: 16,
        activation: 'sigmoid',
        slopes: [-0.5, -0.25, 0.5, 0.25],
        bias: null,
        distanceTable: null,
        sinks: 0,
        sinkPositions: 'absolute',
        learnedSink: false,
        qkvBias: false,
        qkNorm: false,
      },
      recurrent: null,
      normEpsilon: 1e-6,
    })
  })

  it('hands on what was given', () => {
    const given = settingsOf({ slopes: [1, 2, 3, 4], sigmoidBias: -1.5, qkNorm: true, normEpsilon: 1e-5 })
    expect(given.attention).toMatchObject({ slopes: [1, 2, 3, 4], bias: -1.5, qkNorm: true })
    expect(given.normEpsilon).toBe(1e-5)
    const softmax = settingsOf({ activation: 'softmax', slopes: 'none', window: null })
    expect(softmax.attention).toMatchObject({ activation: 'softmax', slopes: null, window: null, bias: null })
  })

  it('gives each layer the window that its place in the pattern has, and the sinks and bias that go with it', () => {
    const config = resolveConfig({ ...sizes, layers: 3, window: [4, null], slopes: 'none', sinks: 2 })
    const layers = [0, 1, 2].map((layer) => blockSettings(config, layer).attention)
    expect(layers.map(({ window, sinks }) => [window, sinks])).toEqual([
      [4, 2],
      [null, 0],
      [4, 2],
    ])
    const biased = resolveConfig({ ...sizes, layers: 2, window: [4, 2], sigmoidBias: 'neg-log-window' })
    expect([0, 1].map((layer) => blockSettings(biased, layer).attention.bias)).toEqual([-Math.log(4), -Math.log(2)])
  })

  it('leaves to the parameters what is learned', () => {
    const learned = settingsOf({
      trainableSlopes: true,
      sigmoidBias: 'learned',
      positionBias: { type: 'learned', length: 5 },
      qkvBias: true,
    })
    expect(learned.attention).toMatchObject({ slopes: 'learned', bias: 'learned', distanceTable: 5, qkvBias: true })
    const counted = settingsOf({ slopes: { recency: 3, remote: 1, rule: 'pow2', order: 'remote-first' } })
    expect(counted.attention.slopes).toEqual([0.5, -0.5, -0.25, -0.125])
  })

  it('computes the bias from the window', () => {
    expect(settingsOf({ sigmoidBias: 'neg-log-window' }).attention.bias).toBeCloseTo(-2.772588722, 9)
    expect(settingsOf({ sigmoidBias: 'neg-log-window', window: 1 }).attention.bias).toBeCloseTo(0, 12)
  })
})
