export { saveCheckpoint } from './checkpoint/save-checkpoint.js'
export { latestCheckpoint, listCheckpoints } from './checkpoint/list-checkpoints.js'
export { removeCheckpoint } from './checkpoint/remove-checkpoint.js'
export { writeFileAtomic } from './checkpoint/write-file-atomic.js'
