import { createRandom, tf } from '@swat-js/tensor-core'
import type { RecurrenceResult } from '../contract.js'
import { deltaRule } from '../delta-rule.js'
import { gatedLinearAttention } from '../gated-linear-attention.js'
import type { RecurrenceCase } from './recurrence.js'

/** Which recurrence: decay for a head or for each channel, delta rule or not. */
export type RecurrenceKind = 'sum' | 'head decay' | 'channel decay' | 'delta' | 'gated delta'

/** Every kind. */
export const recurrenceKinds: readonly RecurrenceKind[] = ['sum', 'head decay', 'channel decay', 'delta', 'gated delta']

/** Sizes of a random call. */
export interface RandomRecurrence {
  kind: RecurrenceKind
  batch: number
  length: number
  heads: number
  keyDim: number
  valueDim: number
  withState: boolean
  seed: number
}

/**
 * A call with random inputs that are exact in float32.
 *
 * @param sizes - kind, shape, seed
 * @param logDecayOf - draws one logarithm of a decay; default −2 to 0
 * @returns the call
 */
export function randomRecurrence(
  { kind, withState, seed, ...sizes }: RandomRecurrence,
  logDecayOf: (random: () => number) => number = (random) => -2 * random(),
): RecurrenceCase {
  const { batch, length, heads, keyDim, valueDim } = sizes
  const random = createRandom(seed)
  const tokens = batch * length * heads
  const fill = (size: number, draw: () => number) => Float32Array.from({ length: size }, draw)
  const normal = (size: number) => fill(size, () => random.normal())
  const keys = normal(tokens * keyDim)
  const isDelta = kind === 'delta' || kind === 'gated delta'
  if (isDelta) normalise(keys, keyDim)
  const decays = { 'head decay': 1, 'gated delta': 1, 'channel decay': keyDim, sum: 0, delta: 0 }[kind]
  return {
    ...sizes,
    scale: keyDim ** -0.5,
    queries: normal(tokens * keyDim),
    keys,
    values: normal(tokens * valueDim),
    ...(decays > 0 && { logDecay: fill(tokens * decays, () => logDecayOf(() => random.next())) }),
    ...(isDelta && { beta: fill(tokens, () => random.next()) }),
    ...(withState && { state: normal(batch * heads * keyDim * valueDim) }),
  }
}

function normalise(keys: Float32Array, keyDim: number): void {
  for (let start = 0; start < keys.length; start += keyDim) {
    const key = keys.subarray(start, start + keyDim)
    key.set(key.map((x) => x / Math.hypot(...key)))
  }
}

/** The tensors of a call by name. */
export type RecurrenceTensors = Partial<
  Record<'queries' | 'keys' | 'values' | 'logDecay' | 'beta' | 'state', tf.Tensor>
>

/**
 * The inputs of a call as tensors.
 *
 * @param input - the call
 * @param kind - which recurrence
 * @returns those that the kind has
 */
export function recurrenceTensors(input: RecurrenceCase, kind: RecurrenceKind): RecurrenceTensors {
  const { batch, length, heads, keyDim, valueDim } = input
  const ofToken = [batch, length, heads]
  const shapes = {
    queries: [...ofToken, keyDim],
    keys: [...ofToken, keyDim],
    values: [...ofToken, valueDim],
    logDecay: kind === 'channel decay' ? [...ofToken, keyDim] : ofToken,
    beta: ofToken,
    state: [batch, heads, keyDim, valueDim],
  }
  const given = Object.entries(shapes).flatMap(([name, shape]) => {
    const values = input[name as keyof RecurrenceTensors]
    return values ? [[name, tf.tensor(Float32Array.from(values), shape)] as const] : []
  })
  return Object.fromEntries(given)
}

/**
 * Calls the op that a case belongs to.
 *
 * @param tensors - its inputs
 * @param options - chunk and scale
 * @returns what the op returns
 */
export function runRecurrence(
  tensors: RecurrenceTensors,
  options: { chunk?: number; scale?: number } = {},
): RecurrenceResult {
  const { queries, keys, values, beta } = tensors as Record<string, tf.Tensor4D>
  const state = (tensors.state as tf.Tensor4D | undefined) ?? null
  const logDecay = (tensors.logDecay as tf.Tensor3D | undefined) ?? null
  if (tensors.beta) {
    return deltaRule(queries, keys, values, beta as tf.Tensor as tf.Tensor3D, { ...options, state, logDecay })
  }
  return gatedLinearAttention(queries, keys, values, { ...options, state, logDecay })
}
