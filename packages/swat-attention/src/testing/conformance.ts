import { createRandom, type Precision, type BackendName, type KernelName, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, type GoldenTensor } from '@swat-js/tensor-core/testing'
import type { AttentionTerm, SwatAttentionOptions } from '../op/contract.js'
import { swatAttention } from '../op/swat-attention.js'
import { offsetOf, visibilityOfCase } from './case-visibility.js'
import { segmentAt, type SwatAttentionCase } from './cases.js'

/** Where a kernel is tested. */
export interface KernelUnderTest {
  /** The engine. */
  backend: BackendName
  /** The kernel. */
  use: KernelName
  /** How it multiplies; default `float32`. */
  precision?: Precision
}

/** The output of a case and the gradients of its inputs and terms, by name. */
export type SwatAttentionResults = Readonly<Record<string, GoldenTensor>>

/**
 * What the reference gives for a case. Leaves the cpu engine selected.
 *
 * @param attentionCase - the call
 * @returns `output`, and the gradients of `queries`, `keys`, `values` and the case's terms
 */
export function swatAttentionReference(attentionCase: SwatAttentionCase): Promise<SwatAttentionResults> {
  return outputAndGradients(attentionCase, { backend: 'cpu', use: 'cpu' }, inputsOf(attentionCase))
}

/**
 * Compares a kernel's output and every gradient with the reference's: in float32 the output to 2e-6 and gradients to
 * 1e-5 of the largest magnitude, in mixed precision all to 5e-3; gradients of the terms also to some roundings a query
 * and unit of distance. The kernel gets NaN wherever nothing is visible: in keys and values that no query sees, and in
 * queries that see nothing and their output gradients. Leaves the kernel's engine selected.
 *
 * @param attentionCase - the call
 * @param on - engine, kernel and precision
 * @param reference - what {@link swatAttentionReference} gave; computed when left out
 * @throws Error that names the tensor and its worst element
 */
export async function checkSwatAttentionCase(
  attentionCase: SwatAttentionCase,
  on: KernelUnderTest,
  reference?: SwatAttentionResults,
): Promise<void> {
  const expected = reference ?? (await swatAttentionReference(attentionCase))
  const actual = await outputAndGradients(attentionCase, on, poisoned(inputsOf(attentionCase), attentionCase))
  const { output, gradients, ...roundings } = tolerances[on.precision ?? 'float32']
  const rounding = cancellation(attentionCase, roundings)
  for (const [name, tensor] of Object.entries(expected)) {
    const relative = name === 'output' ? output : gradients
    expectClose(actual[name].data, tensor.data, {
      relative,
      absolute: rounding[name] ?? 1e-9 * (name === 'output' ? 1 : (attentionCase.gradientScale ?? 1)),
      name,
    })
  }
}

/**
 * Shares of the largest magnitude, and what the sum of the logit gradients of a query, each of about one, may be off
 * by: eight roundings in float32 (2⁻²⁴), one of the multiplicands in mixed precision (2⁻¹¹).
 */
export const tolerances = {
  float32: { output: 2e-6, gradients: 1e-5, roundingOfQuery: 2 ** -21, roundingOfLogit: 2 ** -24 },
  mixed: { output: 5e-3, gradients: 5e-3, roundingOfQuery: 2 ** -11, roundingOfLogit: 2 ** -24 },
} satisfies Record<Precision, unknown>

type Roundings = Pick<(typeof tolerances)[Precision], 'roundingOfQuery' | 'roundingOfLogit'>

/**
 * What rounding may add to a gradient whose parts cancel. A term's gradient is a sum over all queries, for the bias of
 * a softmax exactly 0; a softmax's logit gradient, p · (dP − Σ p · dP), is a difference that vanishes where p is
 * nearly 1: one float32 rounding is allowed there, also in mixed precision, which computes it in float32.
 */
function cancellation(
  attentionCase: SwatAttentionCase,
  { roundingOfQuery, roundingOfLogit }: Roundings,
): Record<string, number> {
  const { batchSize, queries, window, sinks, queryOffset, keyOffset } = attentionCase
  const first = (sequence: number) => offsetOf(queryOffset, sequence) - offsetOf(keyOffset, sequence)
  const furthest = Math.max(1, ...Array.from({ length: batchSize }, (_, b) => first(b) + queries - 1))
  const distance = window === null || sinks > 0 ? furthest : Math.min(furthest, window)
  const perQuery = roundingOfQuery * batchSize * queries * (attentionCase.gradientScale ?? 1)
  const perLogit = roundingOfLogit * (attentionCase.gradientScale ?? 1)
  const ofSoftmax: Record<string, number> =
    attentionCase.activation === 'softmax' ? { queries: perLogit, keys: perLogit } : {}
  return { ...ofSoftmax, slopes: perQuery * distance, bias: perQuery, distanceTable: perQuery, sinkLogits: perQuery }
}

function scaled({ shape, data }: Input, factor: number): Input {
  return { shape, data: data.map((value) => value * factor) }
}

type InputName = 'queries' | 'keys' | 'values' | 'outputGradient' | AttentionTerm
type Input = { shape: number[]; data: Float32Array }
type Inputs = Record<InputName, Input>

async function outputAndGradients(
  attentionCase: SwatAttentionCase,
  { backend, use, precision }: KernelUnderTest,
  inputs: Inputs,
): Promise<SwatAttentionResults> {
  await useEngine({ backend })
  const { window, activation, sinks, queryOffset, keyOffset, terms } = attentionCase
  const results = tf.tidy((): Record<string, tf.Tensor> => {
    const names = ['queries', 'keys', 'values', ...terms] as const
    const segmentIds = segmentIdsOf(attentionCase)
    const run = (...tensors: tf.Tensor[]) => {
      const [queries, keys, values, ...rest] = tensors as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, ...tf.Tensor[]]
      const given = Object.fromEntries(terms.map((name, i) => [name, rest[i]]))
      const options = { window, activation, sinks, queryOffset, keyOffset, segmentIds, kernels: { use, precision } }
      return swatAttention(queries, keys, values, { ...options, ...given })
    }
    const tensorOf = (name: InputName) => tf.tensor(inputs[name].data, inputs[name].shape)
    const tensors = names.map(tensorOf)
    const gradients = tf.grads(run)(tensors, tensorOf('outputGradient'))
    return { output: run(...tensors), ...Object.fromEntries(names.map((name, i) => [name, gradients[i]])) }
  })
  try {
    const read = async ([name, tensor]: [string, tf.Tensor]) =>
      [name, { shape: tensor.shape, data: Array.from(await tensor.data()) }] as const
    return Object.fromEntries(await Promise.all(Object.entries(results).map(read)))
  } finally {
    tf.dispose(results)
  }
}

function inputsOf(attentionCase: SwatAttentionCase): Inputs {
  const { batchSize, queries, keys, heads, kvHeads, headDim, tableLength } = attentionCase
  const { gradientScale = 1, largestSlope = 1 / 2 } = attentionCase
  const random = createRandom(7)
  const normal = (...shape: number[]) => {
    const size = shape.reduce((product, axis) => product * axis, 1)
    return { shape, data: Float32Array.from({ length: size }, () => random.normal()) }
  }
  return {
    queries: normal(batchSize, queries, heads, headDim),
    keys: normal(batchSize, keys, kvHeads, headDim),
    values: normal(batchSize, keys, kvHeads, headDim),
    outputGradient: scaled(normal(batchSize, queries, heads, headDim), gradientScale),
    slopes: {
      shape: [heads],
      data: Float32Array.from({ length: heads }, (_, h) => (h % 2 === 0 ? -1 : 1) * largestSlope * 2 ** -h),
    },
    bias: normal(heads),
    distanceTable: normal(heads, tableLength),
    sinkLogits: normal(heads),
  }
}

/** NaN for whole vectors of tokens that take part in no visible pair. */
function poisoned(inputs: Inputs, attentionCase: SwatAttentionCase): Inputs {
  const { querySees, keyIsSeen } = visibilityOfCase(attentionCase)
  const poison = ({ shape, data }: Inputs[InputName], takesPart: readonly boolean[]) => {
    const size = data.length / takesPart.length
    return { shape, data: data.map((value, i) => (takesPart[Math.floor(i / size)] ? value : NaN)) }
  }
  return {
    ...inputs,
    queries: poison(inputs.queries, querySees),
    outputGradient: poison(inputs.outputGradient, querySees),
    keys: poison(inputs.keys, keyIsSeen),
    values: poison(inputs.values, keyIsSeen),
  }
}

/** One tensor where queries and keys are the same tokens. */
function segmentIdsOf(attentionCase: SwatAttentionCase): SwatAttentionOptions['segmentIds'] {
  const { batchSize, queries, keys, queryOffset, keyOffset, documents } = attentionCase
  if (!documents) return null
  const ids = (count: number, first: number | readonly number[]) => {
    const idAt = (i: number) => {
      const sequence = Math.floor(i / count)
      return segmentAt(documents, sequence, offsetOf(first, sequence) + (i % count))
    }
    return tf.tensor2d(
      Int32Array.from({ length: batchSize * count }, (_, i) => idAt(i)),
      [batchSize, count],
      'int32',
    )
  }
  const ofQueries = ids(queries, queryOffset)
  if (queries === keys && String(queryOffset) === String(keyOffset)) return ofQueries
  return { queries: ofQueries, keys: ids(keys, keyOffset) }
}
