import { conform } from '../../testing/conform.js'
import type { KernelPair } from '../../testing/kernel-pairs.js'
import { cases } from './cases.js'

/**
 * Tests one kernel of `linear` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: KernelPair): void {
  conform('linear', cases, on)
}
