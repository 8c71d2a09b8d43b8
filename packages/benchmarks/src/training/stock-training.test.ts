import { initializeParameters, resolveConfig, trainingStep } from '@swat-js/models'
import {
  adamW,
  constantSchedule,
  createRandom,
  disposeParameters,
  mapParameters,
  tf,
  useEngine,
} from '@swat-js/tensor-core'
import { expect, it } from 'vitest'
import { stockTraining } from './stock-training.js'

it.each(['cpu', 'wasm'] as const)(
  'is the same model: the losses of four steps on %s, and leaks nothing',
  async (backend) => {
    await useEngine({ backend })
    const rope = { scaling: { type: 'yarn', factor: 4, originalLength: 8, mscale: 1.2 } } as const
    const config = resolveConfig({ vocabSize: 17, hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, window: 5, rope })
    const random = createRandom(1)
    const ids = () => Int32Array.from({ length: 24 }, () => random.integer(17))
    const batch = { inputs: ids(), labels: ids(), batchSize: 2, length: 12 }
    const parameters = initializeParameters(config, random)
    const { numTensors } = tf.memory()
    const stock = stockTraining(parameters, config, batch, 1e-2)
    const optimizer = adamW()
    const settings = { optimizer, schedule: constantSchedule(1e-2), clip: null }
    const copy = parametersCopy(parameters)
    let state: Parameters<typeof trainingStep>[0] = { step: 0, parameters: copy, optimizer: optimizer.init(copy) }
    for (let step = 0; step < 4; step++) {
      const result = await trainingStep(state, config, [batch], settings)
      state = result.state
      expect(await stock.step(batch)).toBeCloseTo(result.loss, 4)
    }
    stock.dispose()
    for (const tree of [state.parameters, state.optimizer.firstMoments, state.optimizer.secondMoments])
      disposeParameters(tree)
    expect(tf.memory().numTensors).toBe(numTensors)
  },
)

function parametersCopy<Tree extends object>(tree: Tree): Tree {
  return mapParameters(tree, (tensor) => tensor.clone())
}
