import { rotaryTables } from '@swat-js/positional-encodings'
import type { RollingCache } from '@swat-js/swat-attention'
import {
  clipByGlobalNorm,
  disposeParameters,
  embedding,
  flattenParameters,
  nextTokenLabels,
  SwatError,
  tf,
  useEngine,
  valueAndGradients,
} from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import {
  goldenConfig,
  goldenParameters,
  readGolden,
  type Golden,
  type GoldenConfig,
} from '../../test/fixtures/golden-model.js'
import { modelLoss } from '../training/model-loss.js'
import { blockSettings } from './block-settings.js'
import { swatBlock } from './block.js'
import { createModelCache, disposeModelCache } from './model-cache.js'
import { swatTransformer, type SwatParameters } from './model.js'

interface GoldenModel {
  config: GoldenConfig
  weights: Record<string, Golden>
  ids: number[][]
  logits: Golden
  loss: number
  perplexity: number
  hidden_after_each_layer: Golden[]
  tied: { loss: number }
}

interface GoldenStreaming extends Omit<GoldenModel, 'hidden_after_each_layer' | 'loss' | 'perplexity' | 'tied'> {
  chunkings: number[][]
}

const golden = readGolden<GoldenModel>('model')
const goldenGradients = readGolden<{ grads: Record<string, Golden>; grad_norm: number }>('model-grads')
const streaming = readGolden<GoldenStreaming>('streaming')
const config = goldenConfig(golden.config)

const [batchSize, length] = [golden.ids.length, golden.ids[0].length]
const inputs = Int32Array.from(golden.ids.flat())
const batch = { inputs, labels: nextTokenLabels(inputs, batchSize, length), batchSize, length }
const idsTensor = (ids: number[][]) => tf.tensor2d(ids, undefined, 'int32')

describe.each(engines)('swatTransformer on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })
  const inTidy = (test: (parameters: SwatParameters) => void) => async () => {
    await expectNoLeak(() => tf.tidy(() => test(goldenParameters(golden.weights))))
  }

  it(
    'golden: logits',
    inTidy((parameters) => {
      const { logits, cache } = swatTransformer(parameters, config, idsTensor(golden.ids), { kernels })
      expectClose(logits, golden.logits, { relative: 2e-5 })
      expect(cache).toBeNull()
    }),
  )

  it(
    'golden: hidden state after each block',
    inTidy((parameters) => {
      const { headDim } = config
      const context = { rotary: rotaryTables({ headDim, positions: { start: 0, length } }), kernels }
      let x = embedding(idsTensor(golden.ids), parameters.model.embeddings.weight, { kernels }) as tf.Tensor3D
      for (const [i, block] of parameters.model.layers.entries()) {
        x = swatBlock(x, block, blockSettings(config, i), context).output
        expectClose(x, golden.hidden_after_each_layer[i], { relative: 2e-5, name: `after block ${i}` })
      }
    }),
  )

  it(
    'golden: logits of the last position alone',
    inTidy((parameters) => {
      const { logits } = swatTransformer(parameters, config, idsTensor(golden.ids), { kernels, logits: 'last' })
      const [, , vocab] = golden.logits.shape
      const last = golden.ids.flatMap((_, row) => {
        const end = (row + 1) * length * vocab
        return golden.logits.data.slice(end - vocab, end)
      })
      expectClose(logits, { shape: [batchSize, 1, vocab], data: last }, { relative: 2e-5 })
    }),
  )

  it(
    'golden: loss and perplexity, untied; loss, tied',
    inTidy((parameters) => {
      const loss = modelLoss(parameters, config, batch, { kernels })
      expectClose(loss, [golden.loss], { relative: 2e-6 })
      const relative = 2e-6 * golden.loss // of e^loss, for 2e-6 of the loss
      expectClose([Math.exp(loss.dataSync()[0])], [golden.perplexity], { relative, name: 'perplexity' })
      const tied = { model: parameters.model }
      expectClose(modelLoss(tied, { ...config, tied: true }, batch, { kernels }), [golden.tied.loss], {
        relative: 2e-6,
      })
    }),
  )

  it(
    'golden: every gradient',
    inTidy((parameters) => {
      const { value, gradients } = valueAndGradients((p) => modelLoss(p, config, batch, { kernels }), parameters)
      expectClose(value, [golden.loss], { relative: 2e-6 })
      const named = flattenParameters(gradients)
      expect([...named.keys()].sort()).toEqual(Object.keys(goldenGradients.grads).sort())
      for (const [name, gradient] of named) {
        expectClose(gradient, goldenGradients.grads[name], { relative: 1e-5, name })
      }
    }),
  )

  it('golden: norm of the whole gradient', async () => {
    await expectNoLeak(async () => {
      const parameters = goldenParameters(golden.weights)
      const { value, gradients } = valueAndGradients((p) => modelLoss(p, config, batch, { kernels }), parameters)
      const { norm } = await clipByGlobalNorm(gradients, null)
      expectClose([norm], [goldenGradients.grad_norm], { relative: 1e-5 })
      value.dispose()
      disposeParameters(gradients)
      disposeParameters(parameters)
    })
  })

  it.each(streaming.chunkings.map((chunks) => ({ chunks, title: chunks.join(' + ') })))(
    'golden: streamed as $title',
    async ({ chunks }) => {
      await expectNoLeak(() => {
        const streamConfig = goldenConfig(streaming.config)
        const parameters = goldenParameters(streaming.weights)
        let cache = createModelCache(streamConfig, 1)
        let start = 0
        const rows: number[] = []
        for (const chunk of chunks) {
          const ids = idsTensor([streaming.ids[0].slice(start, start + chunk)])
          const next = swatTransformer(parameters, streamConfig, ids, { cache, kernels })
          rows.push(...next.logits.dataSync())
          tf.dispose([ids, next.logits])
          if (!next.cache) throw new Error('no cache came back')
          cache = next.cache
          start += chunk
          expect(cache.layers.map(({ positions }) => positions)).toEqual([[start], [start]])
          expect((cache.layers[1] as RollingCache).memory.keys.shape[1]).toBe(streaming.config.window - 1)
        }
        disposeModelCache(cache)
        tf.dispose(parameters)
        expectClose(rows, streaming.logits, { relative: 2e-5 })
      })
    },
  )
})

describe('swatTransformer', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it.each<[string, (parameters: SwatParameters) => unknown, RegExp]>([
    [
      'parameters with other layers',
      (parameters) => swatTransformer(parameters, { ...config, layers: 3 }, idsTensor(golden.ids)),
      /swatTransformer: the configuration has 3 layers, the parameters have 2/,
    ],
    [
      'an output matrix in a tied model',
      (parameters) => swatTransformer(parameters, { ...config, tied: true }, idsTensor(golden.ids)),
      /the configuration is tied, but the parameters have an lm_head/,
    ],
    [
      'an untied model without output matrix',
      ({ model }) => swatTransformer({ model }, config, idsTensor(golden.ids)),
      /the configuration is untied, but the parameters have no lm_head/,
    ],
    [
      'ids without batch',
      (parameters) => swatTransformer(parameters, config, tf.tensor1d([1], 'int32') as unknown as tf.Tensor2D),
      /swatTransformer: ids must have shape \[batch, length\], but has \[1\]/,
    ],
    [
      'a token beyond the vocabulary',
      (parameters) => swatTransformer(parameters, config, idsTensor([[0, 24]])),
      /id number 1 is 24/,
    ],
    [
      'a batch of another size',
      (parameters) => modelLoss(parameters, config, { ...batch, length: 12 }),
      /modelLoss: inputs must have batchSize · length \(2 · 12\) tokens, but has 22/,
    ],
  ])('refuses %s', (_, call, message) => {
    tf.tidy(() => {
      const parameters = goldenParameters(golden.weights)
      expect(() => call(parameters)).toThrow(message)
      expect(() => call(parameters)).toThrow(SwatError)
    })
  })
})
