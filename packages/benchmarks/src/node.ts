/**
 * What benchmarks need of Node: the machine they run on, drawings without a browser.
 *
 * @module @swat-js/benchmarks/node
 */
export { describeMachine } from './machine/node/describe-machine.js'
export type { Machine } from './machine/node/describe-machine.js'
export { drawAttention } from './attention/node/draw-attention.js'
export { drawInspection } from './diagnostics/node/draw-inspection.js'
export { measureLoading, type LoadingRequest } from './loading/node/measure-loading.js'
export { drawDataInspection } from './data-inspection/node/draw-data-inspection.js'
