/**
 * Atomic checkpoints, sharded safetensors and tuned matrix products on disk; Node only.
 *
 * @module @swat-js/tensor-core/node
 */
export { saveCheckpoint } from './checkpoint/node/save-checkpoint.js'
export { latestCheckpoint, listCheckpoints } from './checkpoint/node/list-checkpoints.js'
export { removeCheckpoint } from './checkpoint/node/remove-checkpoint.js'
export { writeFileAtomic } from './checkpoint/node/write-file-atomic.js'
export { readShardedSafetensors } from './checkpoint/node/read-sharded-safetensors.js'
export { writeShardedSafetensors } from './checkpoint/node/write-sharded-safetensors.js'
export type { ShardedSafetensorsOptions } from './checkpoint/node/write-sharded-safetensors.js'

export { keepMatMulChoices, matMulChoicesFile, readMatMulChoices } from './matmul/node/kept-mat-mul-choices.js'
export { tuneMatMulOnce } from './matmul/node/tune-mat-mul-once.js'
