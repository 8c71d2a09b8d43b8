import type { BackendName } from '../../engines/engine.js'
import type { KernelName } from '../../kernels/kernel.js'
import { conform } from '../../testing/conform.js'
import { cases } from './cases.js'

/**
 * Tests one kernel of `embedding` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: { backend: BackendName; use: KernelName }): void {
  conform('embedding', cases, on)
}
