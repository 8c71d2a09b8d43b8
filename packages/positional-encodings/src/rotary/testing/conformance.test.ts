import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { describe, it } from 'vitest'
import { kernels } from '../kernels/index.js'
import { cases } from './cases.js'
import { checkRotaryCase, type KernelUnderTest } from './conformance.js'

const composites: readonly KernelUnderTest[] = (['cpu', 'wasm', 'webgpu'] as const).map((backend) => ({
  backend,
  use: 'composite',
}))
const pairs = kernels
  .filter(({ name }) => name !== 'cpu')
  .flatMap(({ name }): readonly KernelUnderTest[] =>
    name === 'composite' ? composites : [{ backend: name, use: name }],
  )
const noGpu = await webgpuUnavailable()

describe.each(pairs)("applyRotary agrees with the reference: kernel '$use' on $backend", (on) => {
  const onGpu = on.backend === 'webgpu'
  describe.skipIf(onGpu && noGpu !== null)(onGpu && noGpu ? `skipped: ${noGpu}` : 'each', () => {
    it.each(cases)('$name', (rotaryCase) => checkRotaryCase(rotaryCase, on))
  })
})
