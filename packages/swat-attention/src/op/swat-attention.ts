import { chooseKernel, tf, withGradient } from '@swat-js/tensor-core'
import { kernels } from '../kernels/index.js'
import { attentionRequest } from './attention-request.js'
import { checkInputs } from './check-inputs.js'
import { constantTensor } from './constant-tensor.js'
import type { SwatAttentionInputs, SwatAttentionOptions } from './contract.js'
import { givenTerms, type Term } from './terms.js'

/**
 * Sliding-window sigmoid attention (SWAT Eq. 5; spec 1.1). For query m and the keys n with `0 ≤ m − n < window`
 *
 *     output[m] = Σₙ σ(scale · ⟨query[m], key[n]⟩ + slope · (m − n) + bias + distanceTable[m − n]) · value[n]
 *
 * without normalisation over n; with `activation: 'softmax'` the usual softmax over the same keys. Time and memory grow
 * with queries × window. Rotary positions are applied before (`applyRotary`).
 *
 * @param queries - `[batch, queries, heads, headDim]`
 * @param keys - `[batch, keys, kvHeads, headDim]`; `heads` is a multiple of `kvHeads`, consecutive heads share a key
 * head
 * @param values - `[batch, keys, kvHeads, headDim]`
 * @param options - window, activation, position terms, offsets, segments, kernel choice
 * @returns `[batch, queries, heads, headDim]`, zeros where a query sees no key; differentiable with respect to queries,
 * keys, values and every tensor among the options
 * @throws SwatError `shape` when tensors do not fit together, `attention` when an option makes no sense
 */
export function swatAttention(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  options: SwatAttentionOptions,
): tf.Tensor4D {
  checkInputs(queries, keys, values, options)
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const terms = givenTerms(options, heads)
  const segments = givenSegments(options)
  const request = attentionRequest(
    { batchSize, queries: queryCount, keys: keyCount, heads, kvHeads, headDim },
    options,
    { terms: terms.map(({ name }) => name), segments: segments.length > 0 },
  )
  const kernel = chooseKernel('swatAttention', kernels, request, options.kernels)

  const perSequence = (offset: number | readonly number[] = 0) =>
    typeof offset === 'number' ? new Array<number>(batchSize).fill(offset) : [...offset]
  const settings = {
    activation: request.activation,
    precision: request.precision,
    scale: options.scale ?? headDim ** -0.5,
    window: request.window,
    sinks: request.sinks,
    queryOffsets: perSequence(options.queryOffset),
    keyOffsets: perSequence(options.keyOffset),
  }
  const trained = terms.filter((term): term is Term<tf.Tensor> => term.value instanceof tf.Tensor)
  const inputsFrom = ([queries, keys, values, ...rest]: readonly tf.Tensor[]) => {
    const [querySegments, keySegments = querySegments] = rest.slice(trained.length)
    const tensorOf = ({ name, value }: Term): tf.Tensor =>
      value instanceof tf.Tensor ? rest[trained.findIndex((term) => term.name === name)] : constantTensor(value)
    const nothing = { slopes: null, bias: null, distanceTable: null, sinkLogits: null }
    const given = Object.fromEntries(terms.map((term) => [term.name, tensorOf(term)]))
    const ids = { querySegments: querySegments ?? null, keySegments: keySegments ?? null }
    return { ...settings, queries, keys, values, ...nothing, ...given, ...ids } as SwatAttentionInputs
  }
  return withGradient(
    // segment ids among them only so that they live until the backward pass
    [queries, keys, values, ...trained.map(({ value }) => value), ...segments],
    (tensors) => tf.tidy(() => kernel.forward(inputsFrom(tensors))),
    (outputGradient, tensors) =>
      tf.tidy(() => {
        const wanted = trained.map(({ name }) => name)
        const gradients = kernel.backward(inputsFrom(tensors), outputGradient as tf.Tensor4D, wanted)
        const names = ['queries', 'keys', 'values', ...wanted] as const
        return [...names.map((name) => gradients[name] as tf.Tensor), ...segments.map(({ shape }) => tf.zeros(shape))]
      }),
  ) as tf.Tensor4D
}

/** Ids of the queries, then those of the keys unless they are the same tensor. */
function givenSegments({ segmentIds }: SwatAttentionOptions): tf.Tensor2D[] {
  if (!segmentIds) return []
  return segmentIds instanceof tf.Tensor ? [segmentIds] : [segmentIds.queries, segmentIds.keys]
}
