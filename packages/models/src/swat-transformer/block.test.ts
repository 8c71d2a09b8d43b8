import { rotaryTables } from '@swat-js/positional-encodings'
import { swatAttentionLayer } from '@swat-js/swat-attention'
import { flattenParameters, rmsNorm, tf, useEngine, valueAndGradients } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import {
  goldenConfig,
  goldenParameters,
  readGolden,
  toTensor,
  type Golden,
  type GoldenConfig,
} from '../../test/fixtures/golden-model.js'
import { blockSettings } from './block-settings.js'
import { swatBlock, type SwatBlockParameters } from './block.js'

interface BlockCase {
  name: string
  config: GoldenConfig
  weights: Record<string, Golden>
  x: Golden
  dout: Golden
  attn_out: Golden
  out: Golden
  dx: Golden
  dweights: Record<string, Golden>
}

const { cases } = readGolden<{ cases: BlockCase[] }>('block')

describe.each(engines)('swatBlock on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each(cases)('golden: $name', async (golden) => {
    await expectNoLeak(() => tf.tidy(() => compare(golden)))
  })

  function compare(golden: BlockCase): void {
    const config = goldenConfig(golden.config)
    const settings = blockSettings(config)
    const x = toTensor(golden.x) as tf.Tensor3D
    const block = goldenParameters<SwatBlockParameters>(golden.weights)
    const positions = { start: 0, length: x.shape[1] }
    const rotary = config.rope && rotaryTables({ headDim: config.headDim, base: config.rope.base, positions })
    const context = { rotary, kernels }

    const normalised = rmsNorm(x, block.attn_norm.weight, { epsilon: config.normEpsilon, kernels })
    const attention = swatAttentionLayer(normalised, block.attn, settings.attention, context)
    expectClose(attention.output, golden.attn_out, { relative: 1e-5, name: 'attn_out' })

    const { output, cache } = swatBlock(x, block, settings, context)
    expectClose(output, golden.out, { relative: 1e-5, name: 'out' })
    expect(cache).toBeNull()

    const outputGradient = toTensor(golden.dout)
    const { gradients } = valueAndGradients(
      ({ x, block }) => tf.sum(tf.mul(swatBlock(x, block, settings, context).output, outputGradient)),
      { x, block },
    )
    expectClose(gradients.x, golden.dx, { relative: 1e-5, name: 'dx' })
    const blockGradients = flattenParameters(gradients.block)
    expect([...blockGradients.keys()].sort()).toEqual(Object.keys(golden.dweights).sort())
    for (const [name, gradient] of blockGradients) {
      expectClose(gradient, golden.dweights[name], { relative: 1e-5, name })
    }
  }
})
