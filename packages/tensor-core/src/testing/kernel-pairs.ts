import { describe } from 'vitest'
import type { BackendName } from '../engines/engine.js'
import type { KernelName } from '../kernels/kernel.js'
import { webgpuUnavailable } from './webgpu-unavailable.js'

/** An engine with a kernel on it. */
export interface KernelPair {
  /** The engine. */
  backend: BackendName
  /** The kernel. */
  use: KernelName
}

/** Every engine with every kernel that runs on it, for ops whose kernels are cpu and composite. */
export const kernelPairs: readonly KernelPair[] = [
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'webgpu', use: 'composite' },
]

/** Every engine. */
export const everyEngine: readonly { backend: BackendName }[] = [
  { backend: 'cpu' },
  { backend: 'wasm' },
  { backend: 'webgpu' },
]

const noGpu = await webgpuUnavailable()

/**
 * Tests that need an engine, skipped with the reason where it cannot be had.
 *
 * @param title - of the suite; the name of the engine is added
 * @param on - the engine
 * @param body - the tests
 */
export function describeOn<On extends { backend: BackendName }>(title: string, on: On, body: (on: On) => void): void {
  const reason = on.backend === 'webgpu' ? noGpu : null
  const suite = `${title} on ${on.backend}${reason ? ` (skipped: ${reason})` : ''}`
  describe.skipIf(reason !== null)(suite, () => body(on))
}
