import { baselineConfig, presetConfig } from '@swat-js/models'
import { describe, expect, it } from 'vitest'
import { overrideModel } from './override-model.js'

const model = baselineConfig('sliding-softmax', 'nano', { hiddenSize: 72, headDim: 16, intermediateSize: 100 })

describe('overrideModel', () => {
  it('changes what is set and keeps everything else, sizes too', () => {
    expect(overrideModel(model, [])).toBe(model)
    const set = ['model.window=128', 'model.sinks=4', 'model.sinkPositions=in-cache']
    expect(overrideModel(model, set)).toEqual({ ...model, window: 128, sinks: 4, sinkPositions: 'in-cache' })
    expect(model.window).toBe(32)
    expect(overrideModel(model, ['model.window=null']).window).toBeNull()
  })

  it('sets what is within a section', () => {
    const changed = overrideModel(model, ['model.rope.scaling={ type: linear, factor: 2 }'])
    expect(changed.rope).toEqual({ base: 10000, scaling: { type: 'linear', factor: 2 } })
    expect(model.rope).toEqual({ base: 10000 })
  })

  it.each([
    [['training.steps=3'], /--set training.steps=3: a trained model can only be set model.… values/],
    [['model=3'], /--set model=3: a trained model can only/],
    [['model.window'], /--set model.window: expected key=value/],
    [['model.window=0'], /^--set model.window=0: window must be a positive integer/],
    [['model.windw=3'], /--set model.windw=3: .*windw/],
    [['model.sinks=4', 'model.slopes=swat-'], /sinks \(4\) need slopes 'none'/],
    [['model.layers=3'], /--set model.layers=3: a trained model keeps its weights, and this asks for others/],
    [['model.qkNorm=true'], /a trained model keeps its weights/],
  ])('refuses %j', (set, message) => {
    expect(() => overrideModel(model, set)).toThrow(message)
  })

  it('knows that slopes are no weights unless they are trained', () => {
    const swat = presetConfig('nano')
    expect(overrideModel(swat, ['model.slopes=swat-']).slopes).toBe('swat-')
    expect(() => overrideModel(swat, ['model.trainableSlopes=true'])).toThrow(/keeps its weights/)
  })
})
