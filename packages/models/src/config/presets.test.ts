import { SwatError } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { presetConfig, presetNames, type PresetName } from './presets.js'

describe('presetConfig', () => {
  it('has tiny, small and paper models', () => {
    expect(presetNames).toEqual([
      'nano',
      'micro',
      'tiny',
      'small',
      'base',
      'medium',
      'swat-340m',
      'swat-760m',
      'swat-analysis',
    ])
  })

  it.each(presetNames)('%s is SWAT as published: sigmoid, balanced slopes, RoPE', (name) => {
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
    expect(() => presetConfig('huge' as PresetName)).toThrow(/no preset 'huge'. Choose one of nano, micro/)
    expect(() => presetConfig('toString' as PresetName)).toThrow(SwatError)
    expect(() => presetConfig('nano', { window: 0 })).toThrow(/window must be/)
  })
})
