import type { KernelUnderTest } from './conformance.js'

/** Every kernel on every engine that it must run on: conformance and golden tests go over this list. */
export const kernelsUnderTest: readonly KernelUnderTest[] = [
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
  { backend: 'webgpu', use: 'composite' },
  { backend: 'webgpu', use: 'webgpu', precision: 'float32' },
  { backend: 'webgpu', use: 'webgpu', precision: 'mixed' },
]
