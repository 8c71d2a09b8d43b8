import { chooseKernel, expectShape, SwatError, tf, withGradient } from '@swat-js/tensor-core'
import { expectInteger } from '../expect-integer.js'
import { kernels } from '../kernels/index.js'
import type { AttentionTerm, SwatAttentionInputs, SwatAttentionOptions } from './contract.js'

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
 * @param options - window, activation, position terms, offsets, kernel choice
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
  check(queries, keys, values, options)
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const terms = givenTerms(options, heads)
  const settings = {
    activation: options.activation ?? 'sigmoid',
    scale: options.scale ?? headDim ** -0.5,
    window: options.window,
    sinks: options.sinks ?? 0,
    queryOffset: options.queryOffset ?? 0,
    keyOffset: options.keyOffset ?? 0,
  } as const
  const request = {
    ...settings,
    backend: tf.getBackend(),
    batchSize,
    queries: queryCount,
    keys: keyCount,
    heads,
    kvHeads,
    headDim,
    terms: terms.map(({ name }) => name),
  }
  const kernel = chooseKernel('swatAttention', kernels, request, options.kernels)

  const trained = terms.filter((term): term is Term<tf.Tensor> => term.value instanceof tf.Tensor)
  const inputsFrom = ([queries, keys, values, ...tensors]: readonly tf.Tensor[]) => {
    const tensorOf = ({ name, value }: Term): tf.Tensor =>
      value instanceof tf.Tensor ? tensors[trained.findIndex((term) => term.name === name)] : tf.tensor1d(value)
    const noTerms = { slopes: null, bias: null, distanceTable: null, sinkLogits: null }
    const asTensors = Object.fromEntries(terms.map((term) => [term.name, tensorOf(term)]))
    return { ...settings, queries, keys, values, ...noTerms, ...asTensors } as SwatAttentionInputs
  }
  return withGradient(
    [queries, keys, values, ...trained.map(({ value }) => value)],
    (tensors) => tf.tidy(() => kernel.forward(inputsFrom(tensors))),
    (outputGradient, tensors) =>
      tf.tidy(() => {
        const wanted = trained.map(({ name }) => name)
        const gradients = kernel.backward(inputsFrom(tensors), outputGradient as tf.Tensor4D, wanted)
        return (['queries', 'keys', 'values', ...wanted] as const).map((name) => gradients[name] as tf.Tensor)
      }),
  ) as tf.Tensor4D
}

interface Term<Value = tf.Tensor | number[]> {
  name: AttentionTerm
  value: Value
}

/** The terms that take part, numbers spelt out as one a head. */
function givenTerms({ slopes, bias, distanceTable, sinkLogits }: SwatAttentionOptions, heads: number): Term[] {
  const perHead = (value: number | readonly number[] | tf.Tensor) => {
    if (value instanceof tf.Tensor) return value
    return typeof value === 'number' ? new Array<number>(heads).fill(value) : [...value]
  }
  const given = { slopes, bias: bias === 0 ? null : bias, distanceTable, sinkLogits }
  return Object.entries(given).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [{ name: name as AttentionTerm, value: perHead(value) }],
  )
}

function check(queries: tf.Tensor4D, keys: tf.Tensor4D, values: tf.Tensor4D, options: SwatAttentionOptions): void {
  const caller = 'swatAttention'
  expectShape(caller, 'queries', queries, ['batch', 'queries', 'heads', 'headDim'])
  const [batch, , heads, headDim] = queries.shape
  expectShape(caller, 'keys', keys, [batch, 'keys', 'kvHeads', headDim])
  expectShape(caller, 'values', values, keys.shape)
  const kvHeads = keys.shape[2]
  if (queries.size === 0 || keys.size === 0) {
    throw new SwatError(
      'shape',
      `${caller}: queries and keys must not be empty, but have shapes [${queries.shape.join(', ')}] and ` +
        `[${keys.shape.join(', ')}]. Give at least one token.`,
    )
  }
  if (heads % kvHeads !== 0) {
    const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((count) => heads % count === 0)
    throw new SwatError(
      'shape',
      `${caller}: heads (${heads}) must be a multiple of kvHeads (${kvHeads}). Choose kvHeads from ${divisors.join(', ')}.`,
    )
  }
  const { window, slopes, bias, distanceTable, sinkLogits } = options
  if (window !== null) {
    expectInteger(
      caller,
      'window',
      window,
      1,
      'Give the number of keys a query sees, itself included, or null for all.',
    )
  }
  const { sinks = 0, queryOffset = 0, keyOffset = 0 } = options
  expectInteger(caller, 'sinks', sinks, 0, 'Give the number of first keys that stay visible.')
  expectInteger(caller, 'queryOffset', queryOffset, 0, 'Give the absolute position of the first query.')
  expectInteger(caller, 'keyOffset', keyOffset, 0, 'Give the absolute position of the first key.')
  if (options.scale !== undefined && !Number.isFinite(options.scale)) {
    throw new SwatError(
      'attention',
      `${caller}: scale must be a finite number, but is ${options.scale}. Leave it out for headDim^(-1/2).`,
    )
  }
  expectPerHead('slopes', slopes, heads)
  expectPerHead('bias', typeof bias === 'number' ? [...Array<number>(heads).fill(bias)] : bias, heads)
  expectPerHead('sinkLogits', sinkLogits, heads)
  if (distanceTable) expectShape(caller, 'distanceTable', distanceTable, [heads, 'tableLength'])
  if (sinkLogits && options.activation !== 'softmax') {
    throw new SwatError(
      'attention',
      `${caller}: sinkLogits needs activation 'softmax': a sink logit adds to the softmax's denominator, and sigmoid ` +
        'attention has none. Leave out sinkLogits; to lower all sigmoid weights use bias.',
    )
  }
}

function expectPerHead(name: string, value: readonly number[] | tf.Tensor1D | null | undefined, heads: number): void {
  if (value instanceof tf.Tensor) return expectShape('swatAttention', name, value, [heads])
  if (!value || (value.length === heads && value.every(Number.isFinite))) return
  throw new SwatError(
    'attention',
    `swatAttention: ${name} must hold one finite number for each of the ${heads} heads, but is [${value.join(', ')}]. ` +
      `Give ${heads} numbers${name === 'slopes' ? ', for example from slopePreset, or null' : ''}.`,
  )
}
