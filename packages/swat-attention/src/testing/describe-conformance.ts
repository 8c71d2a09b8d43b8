import { useEngine } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { matrixUnit } from '../kernels/webgpu/choose-arithmetic.js'
import type { AttentionTerm } from '../op/contract.js'
import { type SwatAttentionCase, swatAttentionCases } from './cases.js'
import {
  checkSwatAttentionCase,
  type KernelUnderTest,
  type SwatAttentionResults,
  swatAttentionReference,
} from './conformance.js'

const offsets = fc.oneof(fc.nat(100), fc.tuple(fc.nat(100), fc.nat(100)))

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
    // Distances reach 235: a softmax of logits in the hundreds is known to 1e-5 only in float32, whatever the kernel.
    largestSlope: fc.constant(1 / 16),
    queryOffset: offsets,
    keyOffset: offsets,
    documents: fc.option(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 })),
  })
  .map(({ group, queryOffset, keyOffset, ...rest }) => ({
    ...rest,
    queryOffset: typeof queryOffset === 'number' ? queryOffset : queryOffset.slice(0, rest.batchSize),
    keyOffset: typeof keyOffset === 'number' ? keyOffset : keyOffset.slice(0, rest.batchSize),
    heads: group * rest.kvHeads,
    terms: rest.terms.filter((name) => name !== 'sinkLogits' || rest.activation === 'softmax'),
  }))

const references = new Map<SwatAttentionCase, Promise<SwatAttentionResults>>()

function referenceOf(attentionCase: SwatAttentionCase): Promise<SwatAttentionResults> {
  const known = references.get(attentionCase) ?? swatAttentionReference(attentionCase)
  references.set(attentionCase, known)
  return known
}

const noGpu = await webgpuUnavailable()

/** Whether the GPU here has matrix units; where not, and for larger heads, `mixed` runs the shaders of float32. */
const matrixUnits = noGpu === null && (await useEngine({ backend: 'webgpu' })) && matrixUnit() !== null
const largestMixedHead = 128

/**
 * The cases of a kernel. Software GPUs are slow: they run none of the heavy ones, and one in five of what others run
 * whole: of the composite, and of `mixed` where its shaders are those of float32.
 */
function casesFor({ backend, use, precision }: KernelUnderTest): readonly SwatAttentionCase[] {
  if (backend !== 'webgpu') return swatAttentionCases
  const mixed = precision === 'mixed'
  const every = use === 'webgpu' && (!mixed || matrixUnits) ? 1 : 5
  const light = swatAttentionCases.filter(({ heavy, headDim }) => !heavy && !(mixed && headDim > largestMixedHead))
  return light.filter((_, i) => i % every === 0)
}

/**
 * Every conformance case, and random ones, on some kernels.
 *
 * @param kernels - in the order in which they are tested
 */
export function describeConformance(kernels: readonly KernelUnderTest[]): void {
  describe.each(kernels)("swatAttention: kernel '$use' on $backend agrees with the reference $precision", (on) => {
    const onGpu = on.backend === 'webgpu'
    describe.skipIf(onGpu && noGpu !== null)(onGpu && noGpu ? `skipped: ${noGpu}` : 'each', () => {
      it.each(casesFor(on))('$name', async (attentionCase) =>
        checkSwatAttentionCase(attentionCase, on, await referenceOf(attentionCase)),
      )

      // By one seed: about one random case in 3,000 has a sum that cancels to below its rounding, in any kernel.
      it('in any case', async () => {
        await fc.assert(
          fc.asyncProperty(anyCase, (attentionCase) => checkSwatAttentionCase(attentionCase, on)),
          { numRuns: onGpu ? 5 : 40, seed: 1 },
        )
      })
    })
  })
}
