import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { AttentionTerm } from '../op/contract.js'
import { type SwatAttentionCase, swatAttentionCases } from './cases.js'
import { checkSwatAttentionCase, type KernelUnderTest } from './conformance.js'

const anyCase: fc.Arbitrary<SwatAttentionCase> = fc
  .record({
    name: fc.constant('any'),
    batchSize: fc.integer({ min: 1, max: 2 }),
    queries: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 60, max: 135 })),
    keys: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 60, max: 135 })),
    group: fc.integer({ min: 1, max: 3 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    headDim: fc.integer({ min: 1, max: 20 }),
    window: fc.option(fc.integer({ min: 1, max: 140 })),
    activation: fc.constantFrom('sigmoid', 'softmax'),
    terms: fc.subarray<AttentionTerm>(['slopes', 'bias', 'distanceTable', 'sinkLogits']),
    tableLength: fc.integer({ min: 1, max: 150 }),
    sinks: fc.nat(10),
    queryOffset: fc.nat(100),
    keyOffset: fc.nat(100),
  })
  .map(({ group, ...rest }) => ({
    ...rest,
    heads: group * rest.kvHeads,
    terms: rest.terms.filter((name) => name !== 'sinkLogits' || rest.activation === 'softmax'),
  }))

describe.each<KernelUnderTest>([
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
])("swatAttention: kernel '$use' on $backend agrees with the reference", (on) => {
  it.each(swatAttentionCases)('$name', (attentionCase) => checkSwatAttentionCase(attentionCase, on))

  it('in any case', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, (attentionCase) => checkSwatAttentionCase(attentionCase, on)),
      { numRuns: 25 },
    )
  })
})
