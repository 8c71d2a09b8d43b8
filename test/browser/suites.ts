import type { KernelName } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { checkSwatAttentionCase, swatAttentionCases, swatAttentionReference } from '@swat-js/swat-attention/testing'
import type { KernelUnderTest, SwatAttentionResults } from '@swat-js/swat-attention/testing'
import { kernels as rotaryKernels } from '../../packages/positional-encodings/src/rotary/kernels/index.js'
import { cases as rotaryCases } from '../../packages/positional-encodings/src/rotary/testing/cases.js'
import { checkRotaryCase } from '../../packages/positional-encodings/src/rotary/testing/conformance.js'
import { kernels as cachedAttentionKernels } from '../../packages/swat-attention/src/cached-attention/kernels/index.js'
import { cachedAttentionCases } from '../../packages/swat-attention/src/cached-attention/testing/cases.js'
import { checkCachedAttentionCase } from '../../packages/swat-attention/src/cached-attention/testing/conformance.js'
import { kernels as swatAttentionKernels } from '../../packages/swat-attention/src/kernels/index.js'
import { kernels as crossEntropyKernels } from '../../packages/tensor-core/src/cross-entropy/kernels/index.js'
import { cases as crossEntropyCases } from '../../packages/tensor-core/src/cross-entropy/testing/cases.js'
import { kernels as embeddingKernels } from '../../packages/tensor-core/src/embedding/kernels/index.js'
import { cases as embeddingCases } from '../../packages/tensor-core/src/embedding/testing/cases.js'
import { kernels as linearKernels } from '../../packages/tensor-core/src/linear/kernels/index.js'
import { cases as linearCases } from '../../packages/tensor-core/src/linear/testing/cases.js'
import { kernels as rmsNormKernels } from '../../packages/tensor-core/src/rms-norm/kernels/index.js'
import { cases as rmsNormCases } from '../../packages/tensor-core/src/rms-norm/testing/cases.js'
import { kernels as swiGluKernels } from '../../packages/tensor-core/src/swi-glu/kernels/index.js'
import { cases as swiGluCases } from '../../packages/tensor-core/src/swi-glu/testing/cases.js'
import { type OpCase, outputAndGradients } from '../../packages/tensor-core/src/testing/output-and-gradients.js'

/** The conformance cases of one op, by number: Node lists them, the page runs them. */
export interface Suite {
  /** The op. */
  op: string
  /** Its kernels. */
  kernels: readonly KernelName[]
  /** Its cases; `heavy` ones take seconds where a GPU is emulated. */
  cases: readonly { name: string; heavy?: boolean }[]
  /** Compares a kernel with the reference in one case; rejects with what differs. */
  check(index: number, on: KernelUnderTest): Promise<void>
}

type Named = readonly { name: KernelName }[]
const namesOf = (kernels: Named) => kernels.map(({ name }) => name)

function swatAttentionSuite(): Suite {
  const references = new Map<number, Promise<SwatAttentionResults>>()
  return {
    op: 'swatAttention',
    kernels: namesOf(swatAttentionKernels),
    cases: swatAttentionCases,
    async check(index, on) {
      const attentionCase = swatAttentionCases[index]
      const reference = references.get(index) ?? swatAttentionReference(attentionCase)
      references.set(index, reference)
      await checkSwatAttentionCase(attentionCase, on, await reference)
    },
  }
}

function opSuite(op: string, kernels: Named, cases: readonly OpCase[]): Suite {
  return {
    op,
    kernels: namesOf(kernels),
    cases,
    async check(index, on) {
      const expected = await outputAndGradients(cases[index], { backend: 'cpu', use: 'cpu' })
      const actual = await outputAndGradients(cases[index], on)
      expectClose(actual.output.data, expected.output.data, { relative: 2e-6, name: 'output' })
      for (const [name, { data }] of Object.entries(expected.gradients)) {
        expectClose(actual.gradients[name].data, data, { relative: 1e-5, name: `gradient of ${name}` })
      }
    },
  }
}

/** Every op with its conformance cases. */
export const suites: readonly Suite[] = [
  swatAttentionSuite(),
  {
    op: 'cachedAttention',
    kernels: namesOf(cachedAttentionKernels),
    cases: cachedAttentionCases,
    check: (index, on) => checkCachedAttentionCase(cachedAttentionCases[index], on),
  },
  {
    op: 'applyRotary',
    kernels: namesOf(rotaryKernels),
    cases: rotaryCases,
    check: (index, on) => checkRotaryCase(rotaryCases[index], on),
  },
  opSuite('linear', linearKernels, linearCases),
  opSuite('rmsNorm', rmsNormKernels, rmsNormCases),
  opSuite('swiGlu', swiGluKernels, swiGluCases),
  opSuite('embedding', embeddingKernels, embeddingCases),
  opSuite('crossEntropy', crossEntropyKernels, crossEntropyCases),
]
