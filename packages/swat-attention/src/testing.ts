/**
 * The conformance suite that every attention kernel passes. Needs no test framework.
 *
 * @module @swat-js/swat-attention/testing
 */
export { swatAttentionCases } from './testing/cases.js'
export type { SwatAttentionCase } from './testing/cases.js'
export { checkSwatAttentionCase } from './testing/conformance.js'
export type { KernelUnderTest } from './testing/conformance.js'
