import type { SwatConfig } from '../config/swat-config.js'

/**
 * The shape of every parameter under its official name (spec 4.5). Matrices are `[out, in]`; a tied model has no
 * `lm_head.weight`.
 *
 * @param config - the model
 * @returns names and shapes, in the order of the data: embedding, blocks, final norm, output
 */
export function parameterShapes(config: SwatConfig): Map<string, number[]> {
  const { vocabSize, hiddenSize, layers, heads, kvHeads, headDim, intermediateSize, qkNorm, tied } = config
  const shapes = new Map<string, number[]>()
  shapes.set('model.embeddings.weight', [vocabSize, hiddenSize])
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`
    shapes.set(`${layer}.attn_norm.weight`, [hiddenSize])
    shapes.set(`${layer}.attn.q_proj.weight`, [heads * headDim, hiddenSize])
    shapes.set(`${layer}.attn.k_proj.weight`, [kvHeads * headDim, hiddenSize])
    shapes.set(`${layer}.attn.v_proj.weight`, [kvHeads * headDim, hiddenSize])
    shapes.set(`${layer}.attn.o_proj.weight`, [hiddenSize, heads * headDim])
    if (qkNorm) {
      shapes.set(`${layer}.attn.q_norm.weight`, [headDim])
      shapes.set(`${layer}.attn.k_norm.weight`, [headDim])
    }
    shapes.set(`${layer}.mlp_norm.weight`, [hiddenSize])
    shapes.set(`${layer}.mlp.gate_proj.weight`, [intermediateSize, hiddenSize])
    shapes.set(`${layer}.mlp.up_proj.weight`, [intermediateSize, hiddenSize])
    shapes.set(`${layer}.mlp.down_proj.weight`, [hiddenSize, intermediateSize])
  }
  shapes.set('model.norm.weight', [hiddenSize])
  if (!tied) shapes.set('lm_head.weight', [vocabSize, hiddenSize])
  return shapes
}
