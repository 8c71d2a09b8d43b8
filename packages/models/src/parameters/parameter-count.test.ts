import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { presetConfig, type PresetName } from '../config/presets.js'
import { resolveConfig } from '../config/swat-config.js'
import { parameterCount } from './parameter-count.js'
import { parameterShapes } from './parameter-shapes.js'

interface TinyPreset {
  name: PresetName
  vocab: number
  hidden: number
  layers: number
  heads: number
  intermediate: number
  tied: boolean
  total: number
}

interface SwatSize extends Omit<TinyPreset, 'name'> {
  name: string
  head_dim: number
  embedding: number
  per_layer: number
  all_layers: number
  final_norm: number
  lm_head: number
  non_embedding: number
}

const file = new URL('../../../../test/golden/param-counts.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as {
  tiny_presets: TinyPreset[]
  swat: SwatSize[]
  analysis_model: { name: string; total: number }[]
}

describe('parameterCount', () => {
  it.each(golden.tiny_presets)('preset $name', (row) => {
    const config = presetConfig(row.name)
    expect(config).toMatchObject({
      vocabSize: row.vocab,
      hiddenSize: row.hidden,
      layers: row.layers,
      heads: row.heads,
      intermediateSize: row.intermediate,
      tied: row.tied,
    })
    expect(parameterCount(config).total).toBe(row.total)
  })

  it.each(golden.swat)('$name', (row) => {
    const { vocab, hidden, layers, heads, tied } = row
    const config = resolveConfig({ vocabSize: vocab, hiddenSize: hidden, layers, heads, window: 256, tied })
    expect(config.headDim).toBe(row.head_dim)
    expect(config.intermediateSize).toBe(row.intermediate)
    expect(parameterCount(config)).toEqual({
      total: row.total,
      embedding: row.embedding,
      perLayer: row.per_layer,
      allLayers: row.all_layers,
      finalNorm: row.final_norm,
      outputLayer: row.lm_head,
      nonEmbedding: row.non_embedding,
    })
  })

  it.each<[PresetName, number]>([
    ['swat-340m', 341_099_520],
    ['swat-760m', 777_856_512],
    ['swat-analysis', 247_173_888],
  ])('paper preset %s has %i', (name, total) => {
    expect(parameterCount(presetConfig(name)).total).toBe(total)
  })

  it('the analysis model has the size of the reference', () => {
    const untied = golden.analysis_model.find(({ name }) => name.startsWith('same, untied /'))
    const tied = golden.analysis_model.find(({ name }) => name.includes('50304, tied'))
    expect(parameterCount(presetConfig('swat-analysis')).total).toBe(untied?.total)
    expect(parameterCount(presetConfig('swat-analysis', { tied: true })).total).toBe(tied?.total)
  })
})

describe('parameterShapes', () => {
  it('has the official names in the order of the data', () => {
    const sizes = { vocabSize: 24, hiddenSize: 16, layers: 1, heads: 4, kvHeads: 2, headDim: 6, intermediateSize: 24 }
    const config = resolveConfig({ ...sizes, window: 4, qkNorm: true, tied: false })
    expect(Object.fromEntries(parameterShapes(config))).toEqual({
      'model.embeddings.weight': [24, 16],
      'model.layers.0.attn_norm.weight': [16],
      'model.layers.0.attn.q_proj.weight': [24, 16],
      'model.layers.0.attn.k_proj.weight': [12, 16],
      'model.layers.0.attn.v_proj.weight': [12, 16],
      'model.layers.0.attn.o_proj.weight': [16, 24],
      'model.layers.0.attn.q_norm.weight': [6],
      'model.layers.0.attn.k_norm.weight': [6],
      'model.layers.0.mlp_norm.weight': [16],
      'model.layers.0.mlp.gate_proj.weight': [24, 16],
      'model.layers.0.mlp.up_proj.weight': [24, 16],
      'model.layers.0.mlp.down_proj.weight': [16, 24],
      'model.norm.weight': [16],
      'lm_head.weight': [24, 16],
    })
    expect([...parameterShapes({ ...config, tied: true }).keys()]).not.toContain('lm_head.weight')
  })
})
