/**
 * Numeric test kit: closeness, gradients against finite differences, leaks. Needs no test framework.
 *
 * @module @swat-js/tensor-core/testing
 */
export { checkGradients } from './testing/check-gradients.js'
export type { GradientCheck } from './testing/check-gradients.js'
export { expectClose, relativeError } from './testing/expect-close.js'
export type { GoldenTensor, Tolerance } from './testing/expect-close.js'
export { valuesOf } from './testing/values-of.js'
export { webgpuUnavailable } from './testing/webgpu-unavailable.js'
export { expectNoLeak } from './testing/expect-no-leak.js'
