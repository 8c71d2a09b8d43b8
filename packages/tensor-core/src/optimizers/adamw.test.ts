import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernels } from '../adamw/kernels/index.js'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { disposeParameters } from '../parameters/parameter-tree.js'
import { expectClose, type GoldenTensor } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { adamW } from './adamw.js'
import { clipByGlobalNorm } from './clip-by-global-norm.js'

type GoldenTree = Record<'w' | 'norm' | 'tiny', GoldenTensor>

interface Golden {
  lr: number
  beta1: number
  beta2: number
  eps: number
  max_norm: number
  weight_decay: Record<string, number>
  initial: GoldenTree
  steps: { grad: GoldenTree; grad_norm: number; param: GoldenTree; exp_avg: GoldenTree; exp_avg_sq: GoldenTree }[]
}

const file = new URL('../../../../test/golden/adamw.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden

const names = ['w', 'norm', 'tiny'] as const
const tensors = (tree: GoldenTree) =>
  Object.fromEntries(names.map((name) => [name, tf.tensor([...tree[name].data], [...tree[name].shape])]))

for (const on of kernelPairsOf(kernels))
  describeOn(`adamW: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('follows the golden file through clipping and six updates', async () => {
      const optimizer = adamW({
        beta1: golden.beta1,
        beta2: golden.beta2,
        epsilon: golden.eps,
        weightDecay: golden.weight_decay.w,
        kernels: { use },
      })
      let parameters = tensors(golden.initial)
      let state = optimizer.init(parameters)
      for (const [i, step] of golden.steps.entries()) {
        const clipped = await clipByGlobalNorm(tensors(step.grad), golden.max_norm)
        expect(Math.abs(clipped.norm / step.grad_norm - 1)).toBeLessThan(1e-6)
        ;({ parameters, state } = optimizer.update(clipped.gradients, state, parameters, golden.lr))
        disposeParameters(clipped.gradients)
        expect(state.step).toBe(i + 1)
        const [firstMoments, secondMoments] = [state.firstMoments, state.secondMoments] as (typeof parameters)[]
        for (const name of names) {
          const at = `${name} after update ${i + 1}`
          expectClose(await parameters[name].data(), step.param[name].data, { relative: 1e-6, name: at })
          expectClose(await firstMoments[name].data(), step.exp_avg[name].data, {
            relative: 1e-6,
            name: `first moment of ${at}`,
          })
          expectClose(await secondMoments[name].data(), step.exp_avg_sq[name].data, {
            relative: 1e-6,
            name: `second moment of ${at}`,
          })
        }
      }
    })

    it('leaves alone what shares memory with the parameters, and keeps bits where the scale is NaN', async () => {
      const optimizer = adamW({ weightDecay: 0.1, kernels: { use } })
      const given = tf.tensor2d([1, -0, 3, 2 ** -140, 5, 6], [2, 3])
      const [reshaped, clone] = [tf.reshape(given, [6]), given.clone()]
      const bits = async (tensor: tf.Tensor) => [...new Int32Array((await tensor.data<'float32'>()).slice().buffer)]
      const before = await bits(given)
      const state = optimizer.init({ given })
      const gradients = { given: tf.ones([2, 3]) }
      const moved = optimizer.update(gradients, state, { given }, 0.1)
      expect(await bits(reshaped)).toEqual(before)
      expect(await bits(clone)).toEqual(before)
      expectClose([...(await moved.parameters.given.data())].slice(4), [5 * 0.99 - 0.1, 6 * 0.99 - 0.1])
      const after = await bits(moved.parameters.given)
      const kept = optimizer.update(gradients, moved.state, moved.parameters, 0.1, tf.scalar(NaN))
      expect(await bits(kept.parameters.given)).toEqual(after)
      const again = optimizer.update(gradients, kept.state, kept.parameters, 0.1)
      expect(await bits(again.parameters.given)).not.toEqual(after)
    })

    it('leaks no tensor and no byte in 200 updates', async () => {
      const optimizer = adamW({ weightDecay: 0.1, kernels: { use } })
      let parameters = { matrix: tf.ones([5, 3]), layers: [{ weight: tf.ones([7]) }, { weight: tf.ones([7]) }] }
      let state = optimizer.init(parameters)
      const update = async () => {
        const { value, gradients } = valueAndGradients(({ matrix, layers }) => {
          const squares = [matrix, layers[0].weight, layers[1].weight].map((tensor) => tf.sum(tf.square(tensor)))
          return tf.addN(squares) as tf.Scalar
        }, parameters)
        value.dispose()
        const clipped = await clipByGlobalNorm(gradients, 1)
        ;({ parameters, state } = optimizer.update(clipped.gradients, state, parameters, 1e-2))
        disposeParameters(clipped.gradients)
      }
      await expectNoLeak(async () => {
        for (let i = 0; i < 200; i++) await update()
      })
      expect(state.step).toBe(200)
      expect((await tf.sum(tf.abs(parameters.matrix)).data())[0]).toBeLessThan(1) // from 15 towards 0
    })
  })

describe('adamW', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('decays what it is told to, by default matrices only', () => {
    const decayed = (decays?: (name: string) => boolean) => {
      const optimizer = adamW({ weightDecay: 0.5, decays })
      const parameters = { matrix: tf.ones([1, 1]), vector: tf.ones([1]) }
      const gradients = { matrix: tf.zeros([1, 1]), vector: tf.zeros([1]) }
      const after = optimizer.update(gradients, optimizer.init(parameters), parameters, 0.1).parameters
      return [after.matrix.dataSync()[0], after.vector.dataSync()[0]]
    }
    expectClose(decayed(), [0.95, 1])
    expectClose(
      decayed((name) => name === 'vector'),
      [1, 0.95],
    )
  })

  it('refuses gradients and states of other parameters, before it consumes anything', () => {
    const optimizer = adamW()
    const parameters: Record<string, tf.Tensor> = { a: tf.ones([2]) }
    const state = optimizer.init(parameters)
    expect(() => optimizer.update({ b: tf.ones([2]) }, state, parameters, 1)).toThrow(
      'adamW: gradients must have the names of the parameters; missing: a; unknown: b.',
    )
    expect(() => optimizer.update({ a: tf.ones([3]) }, state, parameters, 1)).toThrow(
      'adamW: gradients.a must have shape [2], but has [3].',
    )
    expectClose(parameters.a, [1, 1])
  })
})

describe('clipByGlobalNorm', () => {
  it('scales by maxNorm / (norm + 1e-6) and only measures without a limit', async () => {
    const clipped = await clipByGlobalNorm({ a: tf.tensor1d([3, 0]), b: [tf.scalar(4)] }, 2.5)
    expect(clipped.norm).toBe(5)
    expectClose(clipped.gradients.a, [(3 * 2.5) / 5.000001, 0])
    expectClose(clipped.gradients.b[0], [(4 * 2.5) / 5.000001])
    const free = await clipByGlobalNorm({ a: tf.tensor1d([3, 4]) }, null)
    expect(free.norm).toBe(5)
    expectClose(free.gradients.a, [3, 4])
  })

  it('reports a norm that is not finite and leaves the gradients', async () => {
    const { gradients, norm } = await clipByGlobalNorm({ a: tf.tensor1d([Infinity, 1]) }, 1)
    expect(norm).toBe(Infinity)
    expect([...gradients.a.dataSync()]).toEqual([Infinity, 1])
    expect((await clipByGlobalNorm({ a: tf.tensor1d([NaN]) }, 1)).norm).toBeNaN()
  })
})
