import { rotaryScalingAt, rotaryTables } from '@swat-js/positional-encodings'
import { attentionHeads, inCachePosition, layerTerms, type RollingCache } from '@swat-js/swat-attention'
import { rmsNorm, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { blockSettings } from '../swat-transformer/block-settings.js'
import { defaultChunk } from '../swat-transformer/default-chunk.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'
import type { AttentionWeights } from './attention-weights.js'
import { weighKeys, type LogitTerms } from './weigh-keys.js'

/** Which weights are read. */
export interface AttentionWeightsReaderOptions {
  /** Which layers, from 0 on; default all. */
  layers?: readonly number[]
  /** First query; default 0. */
  from?: number
  /** One past the last query; default the end of the text. */
  to?: number
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. Does not change the result. */
  chunk?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/**
 * The attention weights of several layers, as one stream through the cache, a chunk of the text at a time: for texts of
 * any length, in memory that does not grow with it where layers have a window. A dynamic `rope.scaling` is the one of a
 * text of this length.
 *
 * @param parameters - the weights of the model; they must live until the generator ends
 * @param config - the model they belong to
 * @param ids - token ids
 * @param options - see {@link AttentionWeightsReaderOptions}
 * @returns yields for each chunk the weights of each layer asked for, in their order; `attentionWeights` says more
 * @throws SwatError `inspection` when there is no such layer or stretch or `chunk` makes no sense, and what
 * `swatHiddenStates` throws
 */
export async function* readAttentionWeights(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: AttentionWeightsReaderOptions = {},
): AsyncGenerator<AttentionWeights[], void, void> {
  const { from = 0, to = ids.length, chunk = defaultChunk(), kernels } = options
  const layers = options.layers ?? Array.from({ length: config.layers }, (_, layer) => layer)
  expectAttention(config)
  expectStretch({ layers, from, to, chunk }, config, ids.length)
  if (from === to) return
  const text = Int32Array.from(ids)
  const model = upTo(Math.max(...layers), parameters, config, text.length)
  const readers = layers.map((layer) => layerReader(layer, model, kernels))

  let cache = createModelCache(model.config, 1)
  try {
    for (let start = 0; start < to; start += chunk) {
      const length = Math.min(chunk, to - start)
      const heads = tf.tidy(() => {
        const before = cache // still tells where the chunk begins when it is consumed
        const input = tf.tensor2d(text.subarray(start, start + length), [1, length], 'int32')
        const next = swatHiddenStates(model.parameters, model.config, input, { cache, kernels, everyBlock: true })
        cache = next.cache ?? cache
        const past = before.layers[0] as RollingCache
        return readers.map((reader) => reader.project(next.everyBlock?.[reader.layer] as tf.Tensor3D, past))
      })
      const data = await Promise.all(heads.map((pair) => Promise.all(pair.map((tensor) => tensor.data<'float32'>()))))
      tf.dispose(heads)
      const skipped = Math.min(length, Math.max(0, from - start))
      const chunkOfLayer = (i: number) => readers[i].weigh(data[i], { start, length, skipped })
      const weights = layers.map((_, i) => chunkOfLayer(i))
      if (skipped < length) yield weights
    }
  } finally {
    disposeModelCache(cache)
  }
}

function expectAttention({ mixer }: SwatConfig): void {
  if (mixer === 'attention') return
  throw new SwatError(
    'inspection',
    `attentionWeights: the model must have attention, but its mixer is ${mixer}. A recurrence has no attention weights.`,
  )
}

/** A model and its weights, without the blocks after a layer. */
interface Model {
  parameters: SwatParameters
  config: SwatConfig
}

function upTo(layer: number, parameters: SwatParameters, config: SwatConfig, length: number): Model {
  const { rope } = config
  const settled = rope && { ...rope, scaling: rotaryScalingAt(rope.scaling, length) }
  const layers = parameters.model.layers.slice(0, layer + 1)
  const cut = { ...parameters, model: { ...parameters.model, layers } }
  // With layers missing altogether, the pass itself says so.
  return { parameters: cut, config: { ...config, rope: settled, layers: layer + 1 } }
}

interface Chunk {
  start: number
  length: number
  /** Queries at the beginning of the chunk whose weights nobody asked for. */
  skipped: number
}

/** What one layer keeps between chunks: the keys that later queries see. */
function layerReader(layer: number, { parameters, config }: Model, kernels: KernelPolicy | undefined) {
  const { attention: settings, normEpsilon } = blockSettings(config, layer)
  const { attn_norm, attn } = parameters.model.layers[layer]
  const { heads, kvHeads, headDim, activation, window, sinks = 0 } = settings
  const terms = plainTerms(layerTerms(attn, settings), heads)
  let [keys, keysFrom] = [new Float32Array(0), 0]
  let sinkKeys = new Float32Array(0)

  const rotaryAt = (cache: RollingCache, length: number) => {
    if (!config.rope) return { rotary: null, sinkRotary: null }
    const { base, scaling } = config.rope
    const tablesAt = (positions: readonly number[]) =>
      rotaryTables({ headDim, base, scaling: rotaryScalingAt(scaling, 1), positions })
    const positions = Array.from({ length }, (_, i) => cache.positions[0] + i)
    const inCache = sinks > 0 && window !== null && settings.sinkPositions === 'in-cache'
    if (!inCache) return { rotary: tablesAt(positions), sinkRotary: null }
    const seenFrom = positions.map((position) => inCachePosition(position, sinks, window))
    return { rotary: tablesAt(positions), sinkRotary: tablesAt(seenFrom) }
  }

  return {
    layer,

    /** Queries and keys of a chunk from the hidden state that enters the block. */
    project(state: tf.Tensor3D, cache: RollingCache): tf.Tensor4D[] {
      const x = rmsNorm(state, attn_norm.weight, { epsilon: normEpsilon, kernels }) // [1, length, hidden]
      const rotary = rotaryAt(cache, state.shape[1])
      const projected = attentionHeads(x, attn, settings, { ...rotary, cache, kernels })
      return [projected.queries, projected.keys]
    },

    /** The weights of a chunk; afterwards only the keys are kept that come within sight again. */
    weigh([queries, newKeys]: readonly Float32Array[], chunk: Chunk): AttentionWeights {
      const { start, length, skipped } = chunk
      const end = start + length
      const rowSize = newKeys.length / length
      keys = joined(keys, newKeys)
      if (start < sinks) sinkKeys = joined(sinkKeys, newKeys.subarray(0, rowSize * (sinks - start)))
      const [keptFrom, keptKeys, keptSinks] = [keysFrom, keys, sinkKeys]
      const keyAt = (position: number) => {
        const at = rowSize * (position < keptFrom ? position : position - keptFrom)
        return (position < keptFrom ? keptSinks : keptKeys).subarray(at, at + rowSize)
      }
      const asked = { start: start + skipped, queries: length - skipped }
      const own = queries.subarray((skipped * queries.length) / length)
      const sizes = { heads, kvHeads, window, sinks, activation, scale: headDim ** -0.5 }
      const band = weighKeys(own, keyAt, { ...sizes, ...asked, ...terms })

      const needed = window === null ? 0 : Math.max(keysFrom, end - window + 1)
      keys = keys.slice(rowSize * (needed - keysFrom))
      keysFrom = needed
      return { layer, window, sinks, ...asked, heads, ...band }
    },
  }
}

function joined(before: Float32Array<ArrayBuffer>, after: Float32Array): Float32Array<ArrayBuffer> {
  const all = new Float32Array(before.length + after.length)
  all.set(before)
  all.set(after, before.length)
  return all
}

function plainTerms(terms: ReturnType<typeof layerTerms>, heads: number): LogitTerms {
  const listed = (term: number | readonly number[] | tf.Tensor | null): ArrayLike<number> | null => {
    if (typeof term === 'number') return new Float64Array(heads).fill(term)
    return term instanceof tf.Tensor ? term.dataSync<'float32'>().slice() : term
  }
  const [slopes, bias, distanceTable] = [terms.slopes, terms.bias, terms.distanceTable].map(listed)
  return { slopes, bias, distanceTable, sinkLogits: listed(terms.sinkLogits) }
}

function expectStretch(
  { layers, from, to, chunk }: { layers: readonly number[]; from: number; to: number; chunk: number },
  config: SwatConfig,
  length: number,
): void {
  const refuse = (problem: string) => {
    throw new SwatError('inspection', `readAttentionWeights: ${problem}.`)
  }
  const missing = layers.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= config.layers)
  if (missing !== undefined) refuse(`a layer must be a whole number from 0 to ${config.layers - 1}, but is ${missing}`)
  if (layers.length === 0) refuse('layers must name one at least, but is empty')
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > length) {
    refuse(`from and to must be places in the text, from 0 to ${length} and in this order, but are ${from} and ${to}`)
  }
  if (!Number.isInteger(chunk) || chunk < 1) refuse(`chunk must be a positive integer, but is ${chunk}`)
}
