import fc from 'fast-check'
import {
  adamW,
  createRandom,
  disposeParameters,
  flattenParameters,
  mapParameters,
  parametersFromSafetensors,
  tf,
  useEngine,
  valueAndGradients,
  type BackendName,
  type SafetensorsEntry,
} from '@swat-js/tensor-core'
import { checkGradients, expectClose, expectNoLeak, valuesOf, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { initialRecurrentParameter } from './initial-recurrent-parameter.js'
import { recurrentLayer } from './recurrent-layer.js'
import { recurrentParameterShapes, type RecurrentParameters } from './recurrent-parameters.js'
import { recurrentSettings, type RecurrentSettings, type RecurrentType } from './recurrent-settings.js'
import {
  createRecurrentState,
  disposeRecurrentState,
  restartRecurrentSequences,
  type RecurrentState,
} from './recurrent-state.js'
import { referenceLayer } from './testing/reference-layer.js'

const types: readonly RecurrentType[] = ['retnet', 'gla', 'mamba2', 'deltanet', 'gated-deltanet']

const noGpu = await webgpuUnavailable()
const engines = (['cpu', 'wasm', 'webgpu'] as const).flatMap((backend) =>
  types.map((type) => ({
    backend,
    type,
    on: backend === 'webgpu' && noGpu ? `${backend} (skipped: ${noGpu})` : backend,
    reason: backend === 'webgpu' && noGpu ? noGpu : '',
  })),
)

const smallSettings = (type: RecurrentType): RecurrentSettings =>
  recurrentSettings({
    type,
    hiddenSize: 8,
    heads: 2,
    headDim: 4,
    normEpsilon: 1e-6,
    ...(type === 'mamba2' && { stateSize: 6 }),
  })

function parametersOf(settings: RecurrentSettings, seed: number, initStd = 0.5): RecurrentParameters {
  const shapes = recurrentParameterShapes(settings)
  const random = createRandom(seed)
  const tensors = new Map<string, SafetensorsEntry>()
  for (const [name, shape] of shapes) {
    const data = initialRecurrentParameter(settings.type, name, shape, random, initStd)
    tensors.set(name, { dtype: 'F32', shape, data })
  }
  return parametersFromSafetensors<RecurrentParameters>({ metadata: {}, tensors }, shapes)
}

function inputs(batch: number, length: number, seed: number, hidden = 8): tf.Tensor3D {
  const data = new Float32Array(batch * length * hidden)
  createRandom(seed).fillNormal(data, 1)
  return tf.tensor3d(data, [batch, length, hidden])
}

/** Outputs of a text that is read in chunks, and the state after it. */
function stream(
  x: tf.Tensor3D,
  parameters: RecurrentParameters,
  settings: RecurrentSettings,
  chunks: readonly number[],
): { output: tf.Tensor3D; state: RecurrentState } {
  const [batch, length, hidden] = x.shape
  let state = createRecurrentState(settings, batch)
  const output = tf.tidy(() => {
    const outputs: tf.Tensor3D[] = []
    for (let start = 0, i = 0; start < length; i++) {
      const size = Math.min(chunks[i % chunks.length], length - start)
      const part = tf.slice(x, [0, start, 0], [batch, size, hidden])
      const next = recurrentLayer(part, parameters, settings, { state })
      state = next.state as RecurrentState
      outputs.push(next.output)
      start += size
    }
    return tf.concat(outputs, 1)
  })
  return { output, state }
}

describe.each(engines)('$type on $on', ({ backend, type, reason }) => {
  const settings = smallSettings(type)

  beforeAll(async () => {
    if (!reason) await useEngine({ backend: backend as BackendName })
  })

  it.skipIf(reason)('whole = token by token = in chunks, with a state of the same size', async () => {
    const texts = fc.record({
      batch: fc.integer({ min: 1, max: 2 }),
      length: fc.constantFrom(1, 2, 3, 5, 16, 33, 65),
      chunks: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
      seed: fc.nat(),
    })
    await fc.assert(
      fc.asyncProperty(texts, async ({ batch, length, chunks, seed }) =>
        expectNoLeak(async () => {
          const parameters = parametersOf(settings, seed)
          const x = inputs(batch, length, seed + 1)
          const { whole } = await valuesOf(() => ({ whole: recurrentLayer(x, parameters, settings).output }))
          for (const chunking of [[1], chunks]) {
            const before = tf.memory().numBytes
            const fresh = createRecurrentState(settings, batch)
            const stateBytes = tf.memory().numBytes - before
            disposeRecurrentState(fresh)
            const { output, state } = stream(x, parameters, settings, chunking)
            expect(tf.memory().numBytes - before - 4 * output.size).toBe(stateBytes)
            expect(state.positions).toEqual(new Array(batch).fill(length))
            expectClose(await output.data(), whole.data, { relative: 1e-5, name: `chunks of ${chunking.join()}` })
            output.dispose()
            disposeRecurrentState(state)
          }
          x.dispose()
          disposeParameters(parameters)
        }),
      ),
      { numRuns: backend === 'webgpu' ? 2 : 20, seed: 1 },
    )
  })

  it.skipIf(reason)('padded sequences of different lengths, as each alone', async () => {
    await expectNoLeak(async () => {
      const parameters = parametersOf(settings, 3)
      const [batch, length] = [3, 9]
      const rounds = [
        { x: inputs(batch, length, 1), lengths: [9, 0, 4] },
        { x: inputs(batch, length, 2), lengths: [2, 7, 9] },
        { x: inputs(batch, 1, 3), lengths: [1, 1, 0] },
      ]
      const together: number[][] = [[], [], []]
      let state = createRecurrentState(settings, batch)
      for (const { x, lengths } of rounds) {
        const { output, state: next } = recurrentLayer(x, parameters, settings, { state, lengths })
        const values = await output.data()
        lengths.forEach((own, b) => {
          const start = b * x.shape[1] * 8
          together[b].push(...values.subarray(start, start + own * 8))
        })
        output.dispose()
        state = next as RecurrentState
      }
      expect(state.positions).toEqual([12, 8, 13])
      for (let b = 0; b < batch; b++) {
        const own = tf.tidy(() =>
          tf.concat(
            rounds.map(({ x, lengths }) => tf.slice(x, [b, 0, 0], [1, lengths[b], 8])),
            1,
          ),
        )
        const { alone } = await valuesOf(() => ({ alone: recurrentLayer(own, parameters, settings).output }))
        expectClose(together[b], alone.data, { relative: 1e-5, name: `sequence ${b}` })
        own.dispose()
      }
      tf.dispose(rounds.map(({ x }) => x))
      disposeRecurrentState(state)
      disposeParameters(parameters)
    })
  })

  it.skipIf(reason)('a sequence that is started anew has no past', async () => {
    await expectNoLeak(async () => {
      const parameters = parametersOf(settings, 4)
      const [first, second] = [inputs(2, 7, 5), inputs(2, 6, 6)]
      const { output, state } = stream(first, parameters, settings, [7])
      const restarted = restartRecurrentSequences(state, [1])
      expect(restarted.positions).toEqual([7, 0])
      const next = recurrentLayer(second, parameters, settings, { state: restarted })
      const both = tf.concat([first, second], 1)
      const { anew, on } = await valuesOf(() => ({
        anew: recurrentLayer(second, parameters, settings).output,
        on: tf.slice(recurrentLayer(both, parameters, settings).output, [0, 7, 0], [2, 6, 8]),
      }))
      const values = await next.output.data()
      expectClose(values.subarray(0, 48), on.data.slice(0, 48), { relative: 1e-5, name: 'the sequence that goes on' })
      expectClose(values.subarray(48), anew.data.slice(48), { relative: 1e-5, name: 'the sequence that starts' })
      tf.dispose([first, second, both, output, next.output])
      disposeRecurrentState(next.state as RecurrentState)
      disposeParameters(parameters)
    })
  })

  it.skipIf(reason)('agrees with the loops in double precision', async () => {
    const parameters = mapParameters(parametersOf(settings, 11), (tensor, name) => {
      if (!/norm|bias|^D$/.test(name)) return tensor
      const other = tf.add(tensor, tf.tensor(Array.from({ length: tensor.size }, (_, i) => Math.sin(i)))) // not 1, not 0
      tensor.dispose()
      return other
    })
    const x = inputs(1, 70, 12)
    const numbers = new Map<string, ArrayLike<number>>()
    for (const [name, tensor] of flattenParameters(parameters)) numbers.set(name, await tensor.data())
    const expected = referenceLayer(await x.data(), numbers, settings)
    const { output } = await valuesOf(() => ({ output: recurrentLayer(x, parameters, settings).output }))
    expectClose(output.data, expected, { relative: 1e-5 })
    x.dispose()
    disposeParameters(parameters)
  })

  it.skipIf(reason)('a token changes nothing before it', async () => {
    const parameters = parametersOf(settings, 5)
    const x = inputs(1, 40, 7)
    const changedAt = 17
    const [before, after] = await Promise.all(
      [0, 1].map(async (change) => {
        const values = Float32Array.from(
          await x.data(),
          (value, i) => value + (Math.floor(i / 8) === changedAt ? change : 0),
        )
        const { output } = await valuesOf(() => ({
          output: recurrentLayer(tf.tensor3d(values, [1, 40, 8]), parameters, settings).output,
        }))
        return output.data
      }),
    )
    const changed = Array.from({ length: 40 }, (_, t) =>
      after.slice(8 * t, 8 * t + 8).some((y, i) => y !== before[8 * t + i]),
    )
    expect(changed).toEqual(changed.map((_, t) => t >= changedAt))
    x.dispose()
    disposeParameters(parameters)
  })

  if (backend !== 'webgpu') {
    it('has the gradient of its differences', () => {
      const smooth = {
        ...settings,
        normEpsilon: 0.1,
        ...(type === 'gla' && { gateNormaliser: 1 }),
      } as RecurrentSettings // outputs near 0 are not blown up
      const parameters = { x: inputs(2, 6, 8), layer: parametersOf(smooth, 6) }
      const weights = inputs(2, 6, 10)
      checkGradients(
        ({ x, layer }) => tf.sum(tf.mul(recurrentLayer(x, layer, smooth).output, weights)) as tf.Scalar,
        parameters,
      )
      weights.dispose()
      disposeParameters(parameters)
    })
  }

  it.skipIf(reason)('learns to say what came two tokens before', async () => {
    await expectNoLeak(async () => {
      const x = inputs(2, 24, 9)
      const optimizer = adamW({})
      let parameters = parametersOf(settings, 7)
      let state = optimizer.init(parameters)
      const losses: number[] = []
      for (let step = 0; step < (backend === 'webgpu' ? 5 : 30); step++) {
        const { value, gradients } = valueAndGradients((parameters) => {
          const { output } = recurrentLayer(x, parameters, settings)
          const told = tf.slice(output, [0, 2, 0], [2, 22, 8])
          return tf.mean(tf.square(tf.sub(told, tf.slice(x, [0, 0, 0], [2, 22, 8])))) as tf.Scalar
        }, parameters)
        losses.push((await value.data())[0])
        const next = optimizer.update(gradients, state, parameters, 0.02)
        tf.dispose([value, ...flattenParameters(gradients).values()])
        ;({ parameters, state } = next)
      }
      expect(losses[losses.length - 1]).toBeLessThan((backend === 'webgpu' ? 0.95 : 0.7) * losses[0])
      x.dispose()
      disposeParameters(parameters)
      disposeParameters(state.firstMoments)
      disposeParameters(state.secondMoments)
    })
  })
})
