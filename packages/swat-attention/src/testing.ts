/**
 * The conformance suite that every attention kernel passes. Needs no test framework.
 *
 * @module @swat-js/swat-attention/testing
 */
export { swatAttentionCases } from './testing/cases.js'
export type { SwatAttentionCase } from './testing/cases.js'
export { checkSwatAttentionCase, swatAttentionReference } from './testing/conformance.js'
export type { KernelUnderTest, SwatAttentionResults } from './testing/conformance.js'
export { kernelsUnderTest } from './testing/kernels-under-test.js'
export { cachedAttentionCases } from './cached-attention/testing/cases.js'
export type { CachedAttentionCase } from './cached-attention/testing/cases.js'
export { checkCachedAttentionCase } from './cached-attention/testing/conformance.js'
