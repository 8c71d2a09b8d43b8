import { findCheckpoint } from './checkpoints/find-checkpoint.js'
import { readCheckpoint, type Checkpoint } from './checkpoints/read-checkpoint.js'

/** A trained model, ready to write and to be measured. */
export type LoadedRun = Checkpoint

/**
 * Loads the model of a run onto the engine in use.
 *
 * @param path - a run folder, for its latest checkpoint, or the folder of a checkpoint
 * @returns the model; dispose its `parameters` with `disposeParameters` when done
 * @throws SwatError `checkpoint` or `tokenizer-mismatch` when it cannot be loaded
 */
export async function loadRun(path: string): Promise<LoadedRun> {
  return readCheckpoint(await findCheckpoint(path))
}
