import { recurrentOf } from '../config/recurrent-of.js'
import type { SwatConfig } from '../config/swat-config.js'
import { recurrentParameterShapes } from '../recurrent/recurrent-parameters.js'

/**
 * The shape of every parameter under its official name (spec 4.5); what the official class does not know has names in
 * the same style. Matrices are `[out, in]`; a tied model has no `lm_head.weight`.
 *
 * @param config - the model
 * @returns names and shapes, in the order of the data: embedding, blocks, final norm, output
 */
export function parameterShapes(config: SwatConfig): Map<string, number[]> {
  const { vocabSize, hiddenSize, layers, tied } = config
  const block = Object.entries(blockShapes(config))
  const shapes = new Map<string, number[]>()
  shapes.set('model.embeddings.weight', [vocabSize, hiddenSize])
  for (let i = 0; i < layers; i++) {
    for (const [name, shape] of block) shapes.set(`model.layers.${i}.${name}`, [...shape])
  }
  shapes.set('model.norm.weight', [hiddenSize])
  if (!tied) shapes.set('lm_head.weight', [vocabSize, hiddenSize])
  return shapes
}

function blockShapes(config: SwatConfig): Record<string, number[]> {
  const { hiddenSize, intermediateSize, layerScale, attnOutNorm } = config
  return {
    'attn_norm.weight': [hiddenSize],
    ...mixerShapes(config),
    ...(attnOutNorm && { 'attn_out_norm.weight': [hiddenSize] }),
    ...(layerScale !== null && { 'attn_layer_scale.weight': [hiddenSize] }),
    'mlp_norm.weight': [hiddenSize],
    'mlp.gate_proj.weight': [intermediateSize, hiddenSize],
    'mlp.up_proj.weight': [intermediateSize, hiddenSize],
    'mlp.down_proj.weight': [hiddenSize, intermediateSize],
    ...(layerScale !== null && { 'mlp_layer_scale.weight': [hiddenSize] }),
  }
}

function mixerShapes(config: SwatConfig): Record<string, number[]> {
  const recurrent = recurrentOf(config)
  if (recurrent) {
    return Object.fromEntries([...recurrentParameterShapes(recurrent)].map(([name, shape]) => [`attn.${name}`, shape]))
  }
  const { hiddenSize, heads, kvHeads, headDim } = config
  const { trainableSlopes, sigmoidBias, positionBias, learnedSink, qkvBias, qkNorm } = config
  const [queries, keys] = [heads * headDim, kvHeads * headDim]
  return {
    'attn.q_proj.weight': [queries, hiddenSize],
    ...(qkvBias && { 'attn.q_proj.bias': [queries] }),
    'attn.k_proj.weight': [keys, hiddenSize],
    ...(qkvBias && { 'attn.k_proj.bias': [keys] }),
    'attn.v_proj.weight': [keys, hiddenSize],
    ...(qkvBias && { 'attn.v_proj.bias': [keys] }),
    'attn.o_proj.weight': [hiddenSize, queries],
    ...(qkNorm && { 'attn.q_norm.weight': [headDim], 'attn.k_norm.weight': [headDim] }),
    ...(trainableSlopes && { 'attn.slopes': [heads] }),
    ...(sigmoidBias === 'learned' && { 'attn.sigmoid_bias': [heads] }),
    ...(positionBias && { 'attn.learnable_bias_diagonals': [heads, positionBias.length] }),
    ...(learnedSink && { 'attn.sink_logits': [heads] }),
  }
}
