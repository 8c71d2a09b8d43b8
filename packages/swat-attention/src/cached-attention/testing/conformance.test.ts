import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { AttentionTerm } from '../../op/contract.js'
import type { KernelUnderTest } from '../../testing/conformance.js'
import { type CachedAttentionCase, cachedAttentionCases } from './cases.js'
import { checkCachedAttentionCase } from './conformance.js'

const anyCase: fc.Arbitrary<CachedAttentionCase> = fc
  .record({
    group: fc.integer({ min: 1, max: 3 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    headDim: fc.integer({ min: 1, max: 20 }),
    window: fc.option(fc.integer({ min: 1, max: 40 })),
    activation: fc.constantFrom('sigmoid', 'softmax'),
    terms: fc.subarray<AttentionTerm>(['slopes', 'bias', 'distanceTable', 'sinkLogits']),
    tableLength: fc.integer({ min: 1, max: 60 }),
    sinks: fc.nat(9),
    starts: fc.array(
      fc.oneof(
        fc.nat(60),
        fc.maxSafeNat().map((n) => Math.floor(n / 2)),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .chain((rest) =>
    fc.record({
      rest: fc.constant(rest),
      chunks: fc.array(
        fc.oneof(
          fc.constant(1),
          fc.integer({ min: 1, max: 70 }),
          fc
            .array(fc.nat(20), { minLength: rest.starts.length, maxLength: rest.starts.length })
            .filter((lengths) => lengths.some((length) => length > 0)),
        ),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  )
  .map(({ rest: { group, ...rest }, chunks }) => ({
    ...rest,
    name: 'any',
    chunks,
    heads: group * rest.kvHeads,
    terms: rest.terms.filter((name) => name !== 'sinkLogits' || rest.activation === 'softmax'),
  }))

const noGpu = await webgpuUnavailable()

describe.each<KernelUnderTest>([
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
  { backend: 'webgpu', use: 'webgpu' },
  { backend: 'webgpu', use: 'composite' },
])("cachedAttention: kernel '$use' on $backend agrees with swatAttention's reference", (on) => {
  const reason = on.backend === 'webgpu' ? noGpu : null
  describe.skipIf(reason !== null)(reason ? `skipped: ${reason}` : 'stream', () => {
    // software GPUs are slow; the composite on webgpu is TensorFlow.js's own ops, and the same code as on cpu and wasm
    const fewer = on.backend === 'webgpu' && on.use === 'composite'
    const cases = fewer ? cachedAttentionCases.filter((_, i) => i % 5 === 0) : cachedAttentionCases

    it.each(cases)('$name', (streamCase) => checkCachedAttentionCase(streamCase, on))

    it('in any case', async () => {
      await fc.assert(
        fc.asyncProperty(anyCase, (streamCase) => checkCachedAttentionCase(streamCase, on)),
        { numRuns: on.backend === 'webgpu' ? 6 : 25, seed: 1 },
      )
    })
  })
})
