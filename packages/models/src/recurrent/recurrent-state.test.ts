import { disposeParameters, parametersFromSafetensors, tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { recurrentLayer } from './recurrent-layer.js'
import { recurrentParameterShapes, type RecurrentParameters } from './recurrent-parameters.js'
import { recurrentSettings } from './recurrent-settings.js'
import {
  createRecurrentState,
  disposeRecurrentState,
  restartRecurrentSequences,
  type RecurrentState,
} from './recurrent-state.js'

const settings = recurrentSettings({ type: 'deltanet', hiddenSize: 4, heads: 2, headDim: 2, normEpsilon: 1e-6 })

function zeroParameters(): RecurrentParameters {
  const shapes = recurrentParameterShapes(settings)
  const tensors = new Map(
    [...shapes].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1))
      return [name, { dtype: 'F32' as const, shape, data }]
    }),
  )
  return parametersFromSafetensors<RecurrentParameters>({ metadata: {}, tensors }, shapes)
}

describe('a recurrent state', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('is consumed by a call, and not by one that throws', async () => {
    await expectNoLeak(() => {
      const parameters = zeroParameters()
      const x = tf.zeros([1, 3, 4]) as tf.Tensor3D
      const state = createRecurrentState(settings, 1)
      const wrong = tf.zeros([1, 3, 5]) as tf.Tensor3D
      expect(() => recurrentLayer(wrong, parameters, settings, { state })).toThrow(
        'recurrentLayer: x must have shape [batch, length, 4], but has [1, 3, 5].',
      )
      const next = recurrentLayer(x, parameters, settings, { state })
      expect(() => recurrentLayer(x, parameters, settings, { state })).toThrow('an earlier call has consumed it')
      expect(() => restartRecurrentSequences(state, [0])).toThrow('an earlier call has consumed it')
      disposeRecurrentState(state) // does nothing
      const newest = next.state as RecurrentState
      expect(newest.positions).toEqual([3])
      disposeRecurrentState(newest)
      disposeRecurrentState(newest)
      expect(() => recurrentLayer(x, parameters, settings, { state: newest })).toThrow('the state was disposed of')
      tf.dispose([x, wrong, next.output])
      disposeParameters(parameters)
    })
  })

  it('refuses gradients, other batches, other layers and lengths that make no sense', async () => {
    await expectNoLeak(() => {
      const parameters = zeroParameters()
      const x = tf.zeros([2, 3, 4]) as tf.Tensor3D
      const state = createRecurrentState(settings, 2)
      const run = (lengths?: number[]) => recurrentLayer(x, parameters, settings, { state, lengths }).output
      expect(() => tf.tidy(() => tf.grad(() => tf.sum(run()))(x))).toThrow('there is no gradient through a state')
      expect(() => run([1])).toThrow('lengths must hold one integer from 0 to 3 for each of the 2 sequences')
      expect(() => run([1, 4])).toThrow('but is [1, 4]')
      const alone = tf.zeros([1, 3, 4]) as tf.Tensor3D
      expect(() => recurrentLayer(alone, parameters, settings, { state })).toThrow('the matrices of the state')
      const ofOther = createRecurrentState({ ...settings, type: 'retnet', ropeBase: 1e4 } as never, 2)
      expect(() => recurrentLayer(x, parameters, settings, { state: ofOther })).toThrow(
        'the state must remember 12 channels of convolutions, but has 0.',
      )
      expect(() => restartRecurrentSequences(state, [2])).toThrow('a sequence must be an integer from 0 to 1')
      expect(() => restartRecurrentSequences(state, [1], -1)).toThrow('position must be an integer of at least 0')
      expect(() => createRecurrentState(settings, 0)).toThrow('batchSize must be an integer of at least 1, but is 0.')
      tf.dispose([x, alone])
      disposeRecurrentState(state)
      disposeRecurrentState(ofOther)
      disposeParameters(parameters)
    })
  })

  it('a layer names the parameter that is missing', () => {
    const rest = { ...zeroParameters(), o_norm: undefined }
    const x = tf.zeros([1, 1, 4]) as tf.Tensor3D
    expect(() => recurrentLayer(x, rest as unknown as RecurrentParameters, settings)).toThrow(
      'recurrentLayer: a layer of type deltanet needs o_norm.weight, but it is missing.',
    )
    x.dispose()
  })
})
