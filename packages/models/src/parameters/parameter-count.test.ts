import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { presetConfig, type PresetName } from '../config/presets.js'
import { resolveConfig, type SwatConfigInput } from '../config/swat-config.js'
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

  // Three rows have parameters that no configuration of ours has: learned positions (one vector for each of 1024), and
  // biases (eleven vectors a layer: 3 q k v, 1 o, 4 + 1 of the feed-forward layer, 2 norms; one more of the last norm).
  const biases = (layers: number) => 11 * layers + 1
  const analysisModels: Record<string, { overrides: Partial<SwatConfigInput>; vectorsMore: number }> = {
    'better-nanoGPT HEAD 24x768x12, vocab 50304, tied': { overrides: { tied: true }, vectorsMore: 0 },
    'same, untied / tied matrix counted twice': { overrides: {}, vectorsMore: 0 },
    'same, untied + 1024 learned positions': { overrides: {}, vectorsMore: 1024 },
    'same, untied + 1024 positions + biases + LN bias': { overrides: {}, vectorsMore: 1024 + biases(24) },
    'GPT-2 124M check 12x768, vocab 50257, wpe 1024, biases, tied': {
      overrides: { layers: 12, vocabSize: 50257, tied: true },
      vectorsMore: 1024 + biases(12),
    },
  }

  it.each(golden.analysis_model)('analysis model: $name', ({ name, total }) => {
    const { overrides, vectorsMore } = analysisModels[name]
    const config = presetConfig('swat-analysis', overrides)
    expect(parameterCount(config).total + vectorsMore * config.hiddenSize).toBe(total)
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
