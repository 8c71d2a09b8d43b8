import { useEngine } from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { disposeResults, runAttention } from './attention-method.js'
import { attentionProblem, type AttentionShape } from './attention-problem.js'
import { denseAttention } from './dense-attention.js'
import { attentionErrors, attentionReference } from './verify-attention.js'

const anyShape: fc.Arbitrary<AttentionShape> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    headDim: fc.integer({ min: 1, max: 9 }),
    length: fc.integer({ min: 1, max: 40 }),
    window: fc.option(fc.integer({ min: 1, max: 50 })),
    activation: fc.constantFrom('sigmoid', 'softmax'),
  })
  .map(({ group, ...rest }) => ({ ...rest, heads: group * rest.kvHeads }))

describe.each(['cpu', 'wasm'] as const)('denseAttention on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('computes what the reference does, output and gradients, all heads at once or one group after the other', async () => {
    await fc.assert(
      fc.asyncProperty(anyShape, fc.boolean(), async (shape, atOnce) => {
        const groupsPerPart = atOnce ? shape.kvHeads : 1
        await expectNoLeak(async () => {
          const problem = attentionProblem(shape, { gradients: true, groupsPerPart })
          const { attend, dispose } = denseAttention(shape)
          const results = runAttention(problem, attend, 'total')
          const errors = await attentionErrors(results, await attentionReference(problem))
          expect(errors.output).toBeLessThan(5e-6)
          expect(errors.gradients).toBeLessThan(5e-5)
          disposeResults(results)
          dispose()
          problem.dispose()
        })
      }),
      { numRuns: 25, seed: 1 },
    )
  })
})
