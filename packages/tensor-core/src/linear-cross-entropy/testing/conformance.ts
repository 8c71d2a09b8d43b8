import { conform } from '../../testing/conform.js'
import type { KernelPair } from '../../testing/kernel-pairs.js'
import { cases } from './cases.js'

/**
 * Tests one kernel of `linearCrossEntropy` against the reference.
 *
 * @param on - engine, kernel and precision
 */
export function runConformance(on: KernelPair): void {
  conform('linearCrossEntropy', cases, on)
}
