import { describe, expect, it } from 'vitest'
import { chooseKernel } from './choose-kernel.js'
import { kernelRequest, supported, supportedOn, type Kernel, type KernelChoice, type KernelRequest } from './kernel.js'

interface Request extends KernelRequest {
  size: number
}

const composite: Kernel<Request> = { name: 'composite', supports: () => supported }
const cpu: Kernel<Request> = { name: 'cpu', supports: (request) => supportedOn(request, 'cpu') }
const wasm: Kernel<Request> = {
  name: 'wasm',
  supports: (request) =>
    request.size % 4 === 0
      ? supportedOn(request, 'wasm')
      : { supported: false, reason: 'size must be a multiple of 4' },
}
const kernels = [composite, cpu, wasm]
const float32 = { precision: 'float32' } as const

describe('chooseKernel', () => {
  it("prefers the backend's own kernel, then the composite", () => {
    expect(chooseKernel('op', kernels, { ...float32, backend: 'cpu', size: 8 })).toBe(cpu)
    expect(chooseKernel('op', kernels, { ...float32, backend: 'wasm', size: 8 })).toBe(wasm)
    expect(chooseKernel('op', kernels, { ...float32, backend: 'tensorflow', size: 8 })).toBe(composite)
  })

  it('falls back and records why', () => {
    const choices: KernelChoice[] = []
    const onChoice = (choice: KernelChoice) => choices.push(choice)
    expect(chooseKernel('op', kernels, { ...float32, backend: 'wasm', size: 3 }, { onChoice })).toBe(composite)
    expect(choices).toEqual([
      { op: 'op', kernel: 'composite', refused: [{ kernel: 'wasm', reason: 'size must be a multiple of 4' }] },
    ])
  })

  it('strict turns the refusal into an error', () => {
    expect(() => chooseKernel('op', kernels, { ...float32, backend: 'wasm', size: 3 }, { strict: true })).toThrow(
      'op: no kernel can run this request (wasm: size must be a multiple of 4). ' +
        'Leave out `use` and `strict` to let another kernel run.',
    )
  })

  it('tells kernels the precision of the policy, float32 without one', () => {
    expect(kernelRequest({ precision: 'mixed' }).precision).toBe('mixed')
    expect(kernelRequest().precision).toBe('float32')
  })

  it('use runs the named kernel or fails', () => {
    expect(chooseKernel('op', kernels, { ...float32, backend: 'cpu', size: 3 }, { use: 'composite' })).toBe(composite)
    expect(() => chooseKernel('op', kernels, { ...float32, backend: 'wasm', size: 3 }, { use: 'cpu' })).toThrow(
      "it is written for the cpu backend and 'wasm' is active",
    )
    expect(() => chooseKernel('op', [cpu], { ...float32, backend: 'cpu', size: 3 }, { use: 'webgpu' })).toThrow(
      "op: there is no kernel 'webgpu'. Choose one of 'cpu'.",
    )
  })
})
