import fc from 'fast-check'
import { tf, useEngine, valueAndGradients, type BackendName } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak, valuesOf, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { readGolden, type Golden } from '../../../test/fixtures/golden-model.js'
import { deltaRule } from './delta-rule.js'
import { gatedLinearAttention } from './gated-linear-attention.js'
import { recurrence, type RecurrenceCase } from './testing/recurrence.js'
import {
  randomRecurrence,
  recurrenceKinds,
  recurrenceTensors,
  runRecurrence,
  type RandomRecurrence,
  type RecurrenceKind,
  type RecurrenceTensors,
} from './testing/random-recurrence.js'

interface GoldenBaseline {
  name: string
  gamma?: number
  log_gate?: Golden | number[]
  A?: number
  dt?: number[]
  beta?: number[]
  k_normalised?: Golden
  out: Golden
}

const golden = readGolden<{ q: Golden; k: Golden; v: Golden; cases: GoldenBaseline[] }>('baselines')

/** A golden case as a call of ours: one sequence, one head. */
function goldenCall({ gamma, log_gate, A, dt, beta, k_normalised }: GoldenBaseline): RecurrenceCase {
  const [length, keyDim] = golden.q.shape
  const valueDim = golden.v.shape[1]
  const gates = log_gate && ('data' in log_gate ? log_gate.data : log_gate)
  return {
    ...{ batch: 1, length, heads: 1, keyDim, valueDim },
    scale: dt ? 1 : keyDim ** -0.5,
    queries: golden.q.data,
    keys: (k_normalised ?? golden.k).data,
    values: golden.v.data.map((value, i) => (dt ? value * dt[Math.floor(i / valueDim)] : value)),
    logDecay: gates ?? dt?.map((step) => step * (A as number)) ?? new Array<number>(length).fill(Math.log(gamma ?? 1)),
    beta,
  }
}

const kindOf = ({ name }: GoldenBaseline): RecurrenceKind => (name === 'gla' ? 'channel decay' : 'head decay')

const noGpu = await webgpuUnavailable()
const engines = (['cpu', 'wasm', 'webgpu'] as const).map((backend) => ({
  backend,
  on: backend === 'webgpu' && noGpu ? `${backend} (skipped: ${noGpu})` : backend,
  reason: backend === 'webgpu' && noGpu ? noGpu : '',
}))

/** Output and state of a call, and those of the reference. */
async function compare(input: RecurrenceCase, kind: RecurrenceKind, chunk?: number) {
  const expected = recurrence(input)
  const actual = await valuesOf(() => ({
    ...runRecurrence(recurrenceTensors(input, kind), { chunk, scale: input.scale }),
  }))
  const name = (what: string) => `${what} of ${kind} in chunks of ${chunk}, length ${input.length}`
  expectClose(actual.output.data, expected.output, { relative: 2e-6, name: name('output') })
  expectClose(actual.state.data, expected.state, { relative: 2e-6, name: name('state') })
}

it('golden: the reference itself', () => {
  for (const baseline of golden.cases) {
    expectClose(recurrence(goldenCall(baseline)).output, baseline.out.data, { relative: 1e-11, name: baseline.name })
  }
})

describe.each(engines)('recurrences on $on', ({ backend, reason }) => {
  beforeAll(async () => {
    if (!reason) await useEngine({ backend: backend as BackendName })
  })

  it.skipIf(reason).each(golden.cases)('golden: $name', async (baseline) => {
    const input = goldenCall(baseline)
    for (const chunk of [1, 2, 4, undefined]) {
      await expectNoLeak(async () => {
        const { output } = await valuesOf(() => ({
          ...runRecurrence(recurrenceTensors(input, kindOf(baseline)), { chunk, scale: input.scale }),
        }))
        expectClose(output.data, baseline.out.data, { relative: 2e-6, name: `chunk ${chunk}` })
      })
    }
  })

  it.skipIf(reason)('chunked = recurrent for random shapes', async () => {
    const calls = fc.record<RandomRecurrence>({
      kind: fc.constantFrom(...recurrenceKinds),
      batch: fc.integer({ min: 1, max: 2 }),
      length: fc.constantFrom(1, 2, 15, 16, 17, 63, 64, 65, 130),
      heads: fc.integer({ min: 1, max: 3 }),
      keyDim: fc.constantFrom(1, 4, 7),
      valueDim: fc.constantFrom(1, 5, 8),
      withState: fc.boolean(),
      seed: fc.nat(),
    })
    const chunks = fc.constantFrom(undefined, 1, 2, 8, 16, 32, 64)
    await fc.assert(
      fc.asyncProperty(calls, chunks, (call, chunk) =>
        expectNoLeak(() => compare(randomRecurrence(call), call.kind, chunk)),
      ),
      { numRuns: backend === 'webgpu' ? 10 : 100, seed: 1 },
    )
  })

  it.skipIf(reason).each(recurrenceKinds)('%s: gradients of the loops in double precision', async (kind) => {
    for (const [length, chunk] of backend === 'webgpu'
      ? [[11, 4]]
      : [
          [11, 4],
          [9, 16],
          [5, 1],
        ]) {
      const sizes = { batch: 2, length, heads: 2, keyDim: 3, valueDim: 2, withState: true }
      await compareGradients(randomRecurrence({ kind, ...sizes, seed: 5 }), kind, chunk)
    }
  })

  it.skipIf(reason).each(['head decay', 'channel decay', 'gated delta'] as const)(
    '%s: log decays of −20 and 0, side by side',
    async (kind) => {
      const sizes = { kind, batch: 1, length: 130, heads: 2, keyDim: 4, valueDim: 3, withState: true }
      const draws = [() => -20, () => 0, (random: () => number) => (random() < 0.3 ? -20 : 0)]
      for (const [seed, draw] of draws.entries()) {
        for (const chunk of [1, 16, 64]) await compare(randomRecurrence({ ...sizes, seed }, draw), kind, chunk)
      }
    },
  )

  it.skipIf(reason).each(['delta', 'gated delta'] as const)('%s: a key that repeats and is forgotten', async (kind) => {
    const sizes = { kind, batch: 1, length: 128, heads: 1, keyDim: 4, valueDim: 3, withState: true, seed: 3 }
    const input = randomRecurrence(sizes, () => -0.01)
    const keys = Float32Array.from(input.keys, (_, i) => input.keys[i % 4])
    for (const chunk of [16, 64]) await compare({ ...input, keys, beta: new Float32Array(128).fill(1) }, kind, chunk)
  })
})

/** Every element of every gradient against central differences of the loops in double precision. */
async function compareGradients(input: RecurrenceCase, kind: RecurrenceKind, chunk: number): Promise<void> {
  const weightOf = (i: number) => Math.sin(1 + 1.7 * i)
  const lossOfLoops = (changed: RecurrenceCase) => {
    const { output, state } = recurrence(changed)
    const sum = (values: Float64Array, from: number) => values.reduce((s, x, i) => s + x * weightOf(from + i), 0)
    return sum(output, 0) + sum(state, 1000)
  }
  const gradients = await valuesOf(() => {
    const weights = (x: tf.Tensor, from: number) =>
      tf.tensor(
        Float32Array.from({ length: x.size }, (_, i) => weightOf(from + i)),
        x.shape,
      )
    const loss = (tensors: RecurrenceTensors) => {
      const { output, state } = runRecurrence(tensors, { chunk, scale: input.scale })
      return tf.add(
        tf.sum(tf.mul(output, weights(output, 0))),
        tf.sum(tf.mul(state, weights(state, 1000))),
      ) as tf.Scalar
    }
    return valueAndGradients(loss, recurrenceTensors(input, kind)).gradients as Record<string, tf.Tensor>
  })
  for (const [name, gradient] of Object.entries(gradients)) {
    const values = Float64Array.from(input[name as keyof RecurrenceTensors] as ArrayLike<number>)
    const differences = values.map((_, i) => {
      const [above, below] = [1e-4, -1e-4].map((step) =>
        lossOfLoops({ ...input, [name]: values.map((value, k) => (k === i ? value + step : value)) }),
      )
      return (above - below) / 2e-4
    })
    expectClose(gradient.data, differences, { relative: 1e-5, name: `gradient of ${name}, chunk ${chunk}` })
  }
}

describe('memory', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it.each(recurrenceKinds)('%s: the tape of twice the length holds at most 2.2 times the bytes', (kind) => {
    const bytesOf = (length: number) => {
      const sizes = { kind, batch: 1, length, heads: 1, keyDim: 4, valueDim: 4, withState: false, seed: 1 }
      let kept = 0
      tf.tidy(() => {
        const tensors = recurrenceTensors(randomRecurrence(sizes), kind)
        const before = tf.memory().numBytes
        const loss = (given: RecurrenceTensors) => {
          const { output } = runRecurrence(given)
          kept = tf.memory().numBytes - before // all that the backward pass reads is alive here
          return tf.sum(output) as tf.Scalar
        }
        valueAndGradients(loss, tensors)
      })
      return kept
    }
    const [once, twice] = [bytesOf(512), bytesOf(1024)]
    expect(once).toBeGreaterThan(512 * 4 * 4 * 4)
    expect(twice / once).toBeLessThan(2.2)
  })
})

describe('refuses', () => {
  const x = () => tf.zeros([1, 3, 2, 4]) as tf.Tensor4D
  it('a chunk that is not a power of two', () => {
    expect(() => gatedLinearAttention(x(), x(), x(), { chunk: 3 })).toThrow(
      'gatedLinearAttention: chunk must be a power of two from 1 on, but is 3.',
    )
  })

  it('tensors that do not fit', () => {
    expect(() => gatedLinearAttention(x(), x(), x(), { logDecay: tf.zeros<tf.Rank.R3>([1, 3, 1]) })).toThrow(
      'gatedLinearAttention: logDecay must have shape [1, 3, 2], but has [1, 3, 1].',
    )
    expect(() => deltaRule(x(), x(), x(), tf.zeros([1, 3]) as tf.Tensor as tf.Tensor3D)).toThrow(
      'deltaRule: beta must have shape [1, 3, 2], but has [1, 3].',
    )
    expect(() => deltaRule(x(), x(), x(), tf.zeros([1, 3, 2]), { state: tf.zeros([1, 2, 4, 3]) })).toThrow(
      'deltaRule: state must have shape [1, 2, 4, 4], but has [1, 2, 4, 3].',
    )
  })
})
