import {
  accumulateGradients,
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  flattenParameters,
  gpuInfo,
  mapParameters,
  tf,
  useEngine,
  type Precision,
} from '@swat-js/tensor-core'
import { expectClose, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { resolveConfig } from '../src/config/swat-config.js'
import { initializeParameters } from '../src/parameters/initialize-parameters.js'
import type { SwatParameters } from '../src/swat-transformer/model.js'
import { modelLoss, type TokenBatch } from '../src/training/model-loss.js'
import { trainingProducts } from '../src/training/training-products.js'
import { startTrainingStep, type TrainingState } from '../src/training/training-step.js'

const noGpu = await webgpuUnavailable()

const config = resolveConfig({
  vocabSize: 37,
  hiddenSize: 24,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  intermediateSize: 40,
  window: 5,
  initStd: 0.2,
})
const random = createRandom(5)
const ids = (count: number) => Int32Array.from({ length: count }, () => random.integer(config.vocabSize))
const batchOf = (batchSize: number, length: number): TokenBatch => ({
  inputs: ids(batchSize * length),
  labels: ids(batchSize * length).map((label, i) => (i % 7 === 3 ? -100 : label)),
  batchSize,
  length,
})

describe.skipIf(noGpu !== null)(
  noGpu === null ? 'training on webgpu' : `training on webgpu (skipped: ${noGpu})`,
  () => {
    beforeAll(async () => {
      await useEngine({ backend: 'webgpu' })
    })

    const batch = batchOf(2, 19)

    async function gradients(backend: 'cpu' | 'webgpu', precision: Precision) {
      await useEngine({ backend })
      const parameters = initializeParameters(config, createRandom(7))
      const loss = (tree: SwatParameters, batch: TokenBatch) =>
        modelLoss(tree, config, batch, { kernels: { precision } })
      const result = accumulateGradients(loss, parameters, [batch], () => 1)
      const flat = flattenParameters(result.gradients)
      const values = await Promise.all([...flat].map(async ([name, tensor]) => [name, await tensor.data()] as const))
      const [value] = await result.loss.data()
      result.loss.dispose()
      disposeParameters(parameters)
      disposeParameters(result.gradients)
      return { loss: value, gradients: new Map(values) }
    }

    it.each([
      { precision: 'float32', relative: 1e-4 },
      { precision: 'mixed', relative: 2e-2 },
    ] as const)('gradients of every weight are those of the reference: $precision', async ({ precision, relative }) => {
      const expected = await gradients('cpu', 'float32')
      const actual = await gradients('webgpu', precision)
      expectClose([actual.loss], [expected.loss], { relative: relative / 10, name: 'loss' })
      for (const [name, values] of expected.gradients) {
        expectClose(actual.gradients.get(name) ?? [], values, { relative, name })
      }
    })

    it('steps leave nothing behind, neither tensors nor buffers, and what is started ahead is what is waited for', async () => {
      await useEngine({ backend: 'webgpu' })
      const optimizer = adamW({ weightDecay: 0.1 })
      const settings = { optimizer, schedule: constantSchedule(3e-3), clip: 1 }
      const parameters = initializeParameters(config, createRandom(7))
      let state: TrainingState = { step: 0, parameters, optimizer: optimizer.init(parameters) }
      const losses: number[] = []
      const run = async (count: number) => {
        for (let i = 0; i < count; i++) {
          const { state: next, measured } = startTrainingStep(state, config, [batch], settings)
          state = next
          losses.push((await measured).loss)
        }
        const { numTensors, numBytes, ...gpu } = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number }
        return { numTensors, numBytes, inGpu: gpu.numBytesInGPU }
      }
      const before = await run(3)
      expect(await run(12)).toEqual(before)
      expect(losses.at(-1)).toBeLessThan(losses[0])
      for (const tree of [state.parameters, state.optimizer.firstMoments, state.optimizer.secondMoments])
        disposeParameters(tree)
    })

    it('knows the products of its step', async () => {
      const parameters = initializeParameters(config, createRandom(7))
      const kernels = { precision: 'mixed' } as const
      const find = () => trainingProducts(parameters, config, { batchSize: 2, length: 19 }, { kernels })
      find() // the slopes stay on the device
      const tensors = tf.memory().numTensors
      const shapes = find()
      expect(tf.memory().numTensors).toBe(tensors)
      const forward = shapes.filter(({ transposeB }) => transposeB)
      const sizes = forward.map(({ m, n, k, precision }) => [m, n, k, precision].join(' ')).sort()
      // outputs: 4 heads, 2 heads, the MLP's hidden and its result, the vocabulary
      const outputs = ['24 24', '12 24', '40 24', '24 40', '37 24']
      expect(sizes).toEqual(outputs.map((size) => `38 ${size} mixed`).sort())
      expect(shapes).toHaveLength(15)
      disposeParameters(parameters)
    })

    it('goes on from copied state to the same numbers', async () => {
      await useEngine({ backend: 'webgpu' })
      const optimizer = adamW({ weightDecay: 0.1 })
      const settings = { optimizer, schedule: constantSchedule(3e-3), clip: 1 }
      const parameters = initializeParameters(config, createRandom(7))
      let state: TrainingState = { step: 0, parameters, optimizer: optimizer.init(parameters) }
      const step = async () => {
        const { state: next, measured } = startTrainingStep(state, config, [batch], settings)
        state = next
        return (await measured).loss
      }
      await step()
      const saved = await Promise.all(
        [state.parameters, state.optimizer.firstMoments, state.optimizer.secondMoments].map(async (tree) => {
          const entries = [...flattenParameters(tree)].map(
            async ([name, tensor]) => [name, await tensor.data()] as const,
          )
          return new Map(await Promise.all(entries))
        }),
      )
      const straight = [await step(), await step()]
      const restore = <Tree extends object>(tree: Tree, values: ReadonlyMap<string, ArrayLike<number>>): Tree =>
        mapParameters(tree, (tensor, name) => {
          tensor.dispose()
          return tf.tensor(Float32Array.from(values.get(name) ?? []), tensor.shape)
        })
      const { firstMoments, secondMoments } = state.optimizer
      state = {
        step: 1,
        parameters: restore(state.parameters, saved[0]),
        optimizer: {
          step: 1,
          firstMoments: restore(firstMoments, saved[1]),
          secondMoments: restore(secondMoments, saved[2]),
        },
      }
      const resumed = [await step(), await step()]
      expectClose(resumed, straight, { relative: 1e-5 })
      if (gpuInfo().software) expect(resumed).toEqual(straight) // one order of additions: bit for bit
    })
  },
)
