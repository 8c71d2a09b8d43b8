import { describe } from 'vitest'
import type { BackendName } from '../engines/engine.js'
import type { KernelName, Precision } from '../kernels/kernel.js'
import { webgpuUnavailable } from './webgpu-unavailable.js'

/** An engine with a kernel on it. */
export interface KernelPair {
  /** The engine. */
  backend: BackendName
  /** The kernel. */
  use: KernelName
  /** The arithmetic that is permitted; default `float32`. */
  precision?: Precision
}

/** The composite on every engine that has no kernel for everything. */
const compositePairs: readonly KernelPair[] = (['cpu', 'wasm', 'webgpu'] as const).map((backend) => ({
  backend,
  use: 'composite',
}))

/**
 * Every engine with every kernel of an op that runs on it: the composite on all, any other on its own.
 *
 * @param kernels - the op's kernels, as listed by its folder
 * @param options - `mixed`: the webgpu kernel multiplies in float16 where it may, and is tested that way too
 * @returns the pairs, the reference first
 */
export function kernelPairsOf(
  kernels: readonly { name: KernelName }[],
  options: { mixed?: boolean } = {},
): readonly KernelPair[] {
  return kernels.flatMap(({ name }): readonly KernelPair[] => {
    if (name === 'composite') return compositePairs
    const pair = { backend: name, use: name }
    return name === 'webgpu' && options.mixed ? [pair, { ...pair, precision: 'mixed' }] : [pair]
  })
}

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
