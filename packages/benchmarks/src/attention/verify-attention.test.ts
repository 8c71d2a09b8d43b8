import { tf, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AttentionResult, disposeResults, runAttention } from './attention-method.js'
import { attentionProblem, type AttentionShape } from './attention-problem.js'
import { kernelAttention, prepareContender } from './contender.js'
import { attentionErrors, attentionReference } from './verify-attention.js'

const small: AttentionShape = {
  batch: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  length: 50,
  window: 8,
  activation: 'sigmoid',
}
// 2 · 128 · 8192 pairs are beyond what plain loops compute in whole.
const long: AttentionShape = {
  batch: 1,
  heads: 2,
  kvHeads: 2,
  headDim: 64,
  length: 8192,
  window: 128,
  activation: 'sigmoid',
}

/** A copy with one number changed. */
function poke(tensor: tf.Tensor4D, at: number, amount: number): tf.Tensor4D {
  const change = tf.buffer(tensor.shape)
  change.values[at] = amount
  return tf.tidy(() => tf.add(tensor, change.toTensor()) as tf.Tensor4D)
}

describe('attentionErrors', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'wasm' })
  })

  /** A problem with its reference and the right results. */
  async function solved(shape: AttentionShape, groupsPerPart: number) {
    const problem = attentionProblem(shape, { gradients: true, groupsPerPart })
    const reference = await attentionReference(problem)
    const results = runAttention(problem, kernelAttention(problem, { use: 'wasm' }), 'total')

    /** Errors after one number was changed. */
    async function errorsAfter(part: number, name: keyof AttentionResult, at: number, amount: number) {
      const poked = poke(results[part][name] as tf.Tensor4D, at, amount)
      const changed = results.map((result, i) => (i === part ? { ...result, [name]: poked } : result))
      const errors = await attentionErrors(changed, reference)
      poked.dispose()
      return errors
    }
    const dispose = () => {
      disposeResults(results)
      problem.dispose()
    }
    return { results, rows: reference.rows, errors: await attentionErrors(results, reference), errorsAfter, dispose }
  }

  it.each([
    ['in one part', 2],
    ['in two parts', 1],
  ])('sees a right result and a wrong number anywhere, %s', async (_, groupsPerPart) => {
    const { results, rows, errors, errorsAfter, dispose } = await solved(small, groupsPerPart)
    expect(rows).toBe('all rows')
    expect(errors.output).toBeLessThan(1e-6)
    expect(errors.gradients).toBeLessThan(5e-6)
    const last = results.length - 1
    for (const name of ['output', 'dQueries', 'dKeys', 'dValues'] as const) {
      const wrong = await errorsAfter(last, name, (results[last][name]?.size ?? 0) - 1, 0.1)
      expect(name === 'output' ? wrong.output : wrong.gradients, name).toBeGreaterThan(1e-3)
      expect(name === 'output' ? wrong.gradients : wrong.output, name).toBeLessThan(5e-6)
    }
    expect((await errorsAfter(0, 'output', 0, NaN)).output).toBe(Infinity)
    dispose()
  })

  it('takes rows at the start, in the middle and at the end of a long sequence', async () => {
    const { rows, errors, errorsAfter, dispose } = await solved(long, 2)
    expect(rows).toMatch(/^rows 0–142, \d+–\d+, 8176–8191, all heads$/)
    expect(errors.output).toBeLessThan(2e-6)
    expect(errors.gradients).toBeLessThan(1e-5)
    const middle = Number(/, (\d+)–/.exec(rows)?.[1])
    // Each place: the first and the last row that is compared there.
    const places = (compared: number) => [0, compared - 1, middle, middle + compared - 1, 8176, 8191]
    for (const name of ['output', 'dQueries', 'dKeys', 'dValues'] as const) {
      const isOfKeys = name === 'dKeys' || name === 'dValues'
      for (const place of places(isOfKeys ? 16 : 16 + 127)) {
        const wrong = await errorsAfter(0, name, place * 2 * 64 + 5, 1)
        expect(name === 'output' ? wrong.output : wrong.gradients, `${name} at row ${place}`).toBeGreaterThan(1e-3)
      }
    }
    dispose()
  })

  it('checks full attention of a long sequence where it can', async () => {
    const { rows, errors, dispose } = await solved({ ...long, window: null, length: 4096 }, 2)
    expect(rows).toMatch(/^rows 0–15, .*, 4080–4095, .*, gradients of keys in 1 of 3 places$/)
    expect(errors.output).toBeLessThan(5e-6)
    expect(errors.gradients).toBeLessThan(2e-5)
    dispose()
  })
})

describe('prepareContender', () => {
  it('refuses a kernel that computes something else, and says what and where', async () => {
    await useEngine({ backend: 'cpu' })
    const problem = attentionProblem(small, { gradients: true, groupsPerPart: 2 })
    const reference = await attentionReference(problem)
    const oneKeyLess = { ...problem, shape: { ...small, window: 7 } }
    const attend = kernelAttention(oneKeyLess, { use: 'cpu' })
    const contender = { kind: 'windowed', kernel: 'cpu', precision: 'float32', attend, problem, reference } as const
    await expect(prepareContender(contender, false)).rejects.toThrow(
      /^measureAttention: cpu at length 50 computes something else than the reference: output is off by \S+ of the largest magnitude, allowed is 2\.0e-6 \(all rows\)\./,
    )
    problem.dispose()
  })
})
