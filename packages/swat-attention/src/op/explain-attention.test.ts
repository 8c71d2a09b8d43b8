import { type KernelChoice, tf, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernels } from '../kernels/index.js'
import { explainAttention } from './explain-attention.js'
import { swatAttention } from './swat-attention.js'

const call = { queries: 6, heads: 4, kvHeads: 2, headDim: 8, window: 3 }

describe.each(['cpu', 'wasm'] as const)('explainAttention on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each([call, { ...call, headDim: 300 }])('names the kernel that runs and every other one: %o', (call) => {
    const choices: KernelChoice[] = []
    const { heads, kvHeads, headDim, window } = call
    const [queries, keys] = [heads, kvHeads].map((heads) => tf.zeros([1, 6, heads, headDim]) as tf.Tensor4D)
    swatAttention(queries, keys, keys, { window, kernels: { onChoice: (choice) => choices.push(choice) } })
    const { kernel, others } = explainAttention(call)
    expect(kernel).toBe(choices[0].kernel)
    expect([kernel, ...others.map(({ kernel }) => kernel)].sort()).toEqual(kernels.map(({ name }) => name).sort())
    const refused = others.filter(({ supported }) => !supported)
    for (const refusal of choices[0].refused) expect(refused).toContainEqual({ ...refusal, supported: false })
  })

  it('runs nothing and reports no choice', () => {
    const before = tf.memory()
    const onChoice = () => expect.unreachable()
    explainAttention({ ...call, kernels: { onChoice } })
    expect(tf.memory()).toEqual(before)
  })
})

describe('explainAttention', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'wasm' })
  })

  it('reads as text', () => {
    const segments = { terms: ['slopes' as const], segments: true, sinks: 4 }
    expect(String(explainAttention({ ...call, ...segments })).split('\n')).toEqual([
      'swatAttention on wasm, float32: queries [1, 6, 4, 8], keys [1, 6, 2, 8], window 3, 4 sinks, sigmoid, slopes, segments',
      '  wasm runs',
      "  composite could run, but 'wasm' is preferred",
      "  cpu cannot run: it is written for the cpu backend and 'wasm' is active",
      "  webgpu cannot run: it is written for the webgpu backend and 'wasm' is active",
    ])
  })

  it('follows the policy', () => {
    const { kernel, others } = explainAttention({ ...call, kernels: { use: 'composite' } })
    expect(kernel).toBe('composite')
    expect(others).toContainEqual({ kernel: 'wasm', supported: true, reason: "kernels.use asks for 'composite'" })
    const strict = explainAttention({ ...call, headDim: 300, kernels: { strict: true, precision: 'mixed' } })
    expect(strict.kernel).toBeNull()
    expect(strict.precision).toBe('mixed')
    expect(String(strict)).toContain(
      '\n  no kernel runs\n  composite could run, but kernels.strict forbids to fall back to it\n',
    )
    expect(String(strict)).toContain('  wasm cannot run: headDim 300 is above its largest, 256')
    const unknown = explainAttention({ ...call, kernels: { use: 'tensorflow' } })
    expect(unknown.kernel).toBeNull()
  })

  it('refuses sizes that make no sense', () => {
    expect(() => explainAttention({ ...call, queries: 0 })).toThrow(
      'explainAttention: queries must be an integer of at least 1, but is 0.',
    )
    expect(() => explainAttention({ ...call, kvHeads: 3 })).toThrow(
      'explainAttention: heads (4) must be a multiple of kvHeads (3). Choose kvHeads from 1, 2, 4.',
    )
    expect(() => explainAttention({ ...call, window: 0 })).toThrow('explainAttention: window must be')
  })
})
