import { rotaryTables } from '@swat-js/positional-encodings'
import type { RollingCache } from '@swat-js/swat-attention'
import { embedding, expectShape, linear, rmsNorm, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { MatrixWeight, NormWeight } from '../layers/weights.js'
import { blockSettings } from './block-settings.js'
import { swatBlock, type SwatBlockParameters } from './block.js'
import { freeIntermediates } from './free-intermediates.js'
import type { ModelCache } from './model-cache.js'

/** All parameters of a model, nested under their official names (spec 4.5). */
export type SwatParameters = {
  /** Everything but the output matrix. */
  model: {
    /** `[vocab, hidden]` */
    embeddings: MatrixWeight
    /** One entry for each block. */
    layers: SwatBlockParameters[]
    /** Norm after the last block, `[hidden]`. */
    norm: NormWeight
  }
  /** `[vocab, hidden]`; absent when the output is tied to the embedding. */
  lm_head?: MatrixWeight
}

/** What a forward pass may get besides parameters and tokens. */
export interface SwatTransformerContext {
  /** Memory of earlier tokens; `ids` continue them. Stays the caller's. */
  cache?: ModelCache
  /** Compute logits for every position (default) or for the last one only. */
  logits?: 'all' | 'last'
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a forward pass returns. */
export interface SwatTransformerResult {
  /** `[batch, length, vocab]`, or `[batch, 1, vocab]` for `logits: 'last'`. */
  logits: tf.Tensor3D
  /** Memory for the tokens that follow; `null` when none came. */
  cache: ModelCache | null
}

/**
 * The SWAT language model, from token ids to logits (SWAT section 3, spec 4.1).
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param ids - token ids, int32 `[batch, length]`
 * @param context - cache, positions that get logits, kernels
 * @returns logits, differentiable with respect to the parameters, and the new cache; both are the caller's to dispose
 * @throws SwatError `shape` when ids or a weight do not fit, `config` when parameters and configuration disagree
 */
export function swatTransformer(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: tf.Tensor2D,
  context: SwatTransformerContext = {},
): SwatTransformerResult {
  expectShape('swatTransformer', 'ids', ids, ['batch', 'length'])
  expectMatchingParameters(parameters, config)
  const { embeddings, layers, norm } = parameters.model
  const outputLayer = parameters.lm_head ?? embeddings
  const { cache, kernels } = context
  const settings = blockSettings(config)

  return freeIntermediates(() => {
    const [batch, length] = ids.shape
    const start = cache?.position ?? 0
    const rotary =
      config.rope && rotaryTables({ headDim: config.headDim, base: config.rope.base, positions: { start, length } })

    let x = embedding(ids, embeddings.weight, { kernels }) as tf.Tensor3D // [batch, length, hidden]
    const caches: RollingCache[] = []
    for (const [i, layer] of layers.entries()) {
      const block = swatBlock(x, layer, settings, { rotary, cache: cache?.layers[i], kernels })
      x = block.output // [batch, length, hidden]
      if (block.cache) caches.push(block.cache)
    }
    if (context.logits === 'last') x = tf.slice(x, [0, length - 1, 0], [batch, 1, config.hiddenSize])
    x = rmsNorm(x, norm.weight, { epsilon: config.normEpsilon, kernels }) // [batch, length, hidden]
    const logits = linear(x, outputLayer.weight, { kernels }) as tf.Tensor3D // [batch, length, vocab]

    return { logits, cache: cache ? { layers: caches, position: start + length } : null }
  })
}

function expectMatchingParameters(parameters: SwatParameters, config: SwatConfig): void {
  const { layers, tied } = config
  if (parameters.model.layers.length !== layers) {
    const found = parameters.model.layers.length
    throw new SwatError(
      'config',
      `swatTransformer: the configuration has ${layers} layers, the parameters have ${found}. ` +
        'Pass the configuration that the parameters were made with.',
    )
  }
  if (tied === (parameters.lm_head !== undefined)) {
    throw new SwatError(
      'config',
      `swatTransformer: the configuration is ${tied ? 'tied' : 'untied'}, but the parameters have ` +
        `${tied ? 'an' : 'no'} lm_head. Pass the configuration that the parameters were made with.`,
    )
  }
}
