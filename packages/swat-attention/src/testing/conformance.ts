import { type BackendName, createRandom, type KernelName, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, type GoldenTensor } from '@swat-js/tensor-core/testing'
import type { AttentionTerm } from '../op/contract.js'
import { swatAttention } from '../op/swat-attention.js'
import type { SwatAttentionCase } from './cases.js'

/** Where a kernel is tested. */
export interface KernelUnderTest {
  /** The engine. */
  backend: BackendName
  /** The kernel. */
  use: KernelName
}

/**
 * Compares a kernel's output and every gradient with the reference's: output to 2e-6, gradients to 1e-5 of the largest
 * magnitude, those of the terms also to eight float32 roundings a query and unit of distance. Leaves the kernel's
 * engine selected.
 *
 * @param attentionCase - the call
 * @param on - engine and kernel
 * @throws Error that names the tensor and its worst element
 */
export async function checkSwatAttentionCase(attentionCase: SwatAttentionCase, on: KernelUnderTest): Promise<void> {
  const expected = await outputAndGradients(attentionCase, { backend: 'cpu', use: 'cpu' })
  const actual = await outputAndGradients(attentionCase, on)
  const rounding = termRounding(attentionCase)
  for (const [name, tensor] of Object.entries(expected)) {
    const relative = name === 'output' ? 2e-6 : 1e-5
    expectClose(actual[name].data, tensor.data, { relative, absolute: rounding[name] ?? 1e-9, name })
  }
}

/** Eight float32 roundings (2⁻²⁴) of logit gradients of about one: what a sum over a query's keys may be off by. */
const roundingOfQuery = 2 ** -21

/** A term's gradient is a sum over all queries that may cancel, for the bias of a softmax to exactly 0. */
function termRounding(attentionCase: SwatAttentionCase): Record<string, number> {
  const { batchSize, queries, window, sinks, queryOffset, keyOffset } = attentionCase
  const furthest = Math.max(1, queryOffset + queries - 1 - keyOffset)
  const distance = window === null || sinks > 0 ? furthest : Math.min(furthest, window)
  const perQuery = roundingOfQuery * batchSize * queries
  return { slopes: perQuery * distance, bias: perQuery, distanceTable: perQuery, sinkLogits: perQuery }
}

async function outputAndGradients(
  attentionCase: SwatAttentionCase,
  { backend, use }: KernelUnderTest,
): Promise<Record<string, GoldenTensor>> {
  await useEngine({ backend })
  const { window, activation, sinks, queryOffset, keyOffset, terms } = attentionCase
  return tf.tidy(() => {
    const inputs = inputsOf(attentionCase)
    const names = ['queries', 'keys', 'values', ...terms] as const
    const run = (...tensors: tf.Tensor[]) => {
      const [queries, keys, values, ...rest] = tensors as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, ...tf.Tensor[]]
      const given = Object.fromEntries(terms.map((name, i) => [name, rest[i]]))
      const options = { window, activation, sinks, queryOffset, keyOffset, kernels: { use } }
      return swatAttention(queries, keys, values, { ...options, ...given })
    }
    const tensors = names.map((name) => inputs[name])
    const gradients = tf.grads(run)(tensors, inputs.outputGradient)
    const results = { output: run(...tensors), ...Object.fromEntries(names.map((name, i) => [name, gradients[i]])) }
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, { shape: tensor.shape, data: [...tensor.dataSync()] }]),
    )
  })
}

function inputsOf(
  attentionCase: SwatAttentionCase,
): Record<'queries' | 'keys' | 'values' | 'outputGradient' | AttentionTerm, tf.Tensor> {
  const { batchSize, queries, keys, heads, kvHeads, headDim, tableLength } = attentionCase
  const random = createRandom(7)
  const normal = (...shape: number[]) => {
    const size = shape.reduce((product, axis) => product * axis, 1)
    return tf.tensor(
      Float32Array.from({ length: size }, () => random.normal()),
      shape,
    )
  }
  return {
    queries: normal(batchSize, queries, heads, headDim),
    keys: normal(batchSize, keys, kvHeads, headDim),
    values: normal(batchSize, keys, kvHeads, headDim),
    outputGradient: normal(batchSize, queries, heads, headDim),
    slopes: tf.tensor1d(Array.from({ length: heads }, (_, h) => (h % 2 === 0 ? -1 : 1) * 2 ** -(h + 1))),
    bias: normal(heads),
    distanceTable: normal(heads, tableLength),
    sinkLogits: normal(heads),
  }
}
