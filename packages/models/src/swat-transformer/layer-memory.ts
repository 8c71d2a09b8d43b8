import { disposeRollingCache, type RollingCache } from '@swat-js/swat-attention'
import { disposeRecurrentState, type RecurrentState } from '../recurrent/recurrent-state.js'

/** What one block remembers: keys and values, or the state of a recurrence. */
export type LayerMemory = RollingCache | RecurrentState

/** Whether a block remembers the state of a recurrence. */
export function isRecurrentState(memory: LayerMemory): memory is RecurrentState {
  return !('window' in memory)
}

/** Frees what a block remembers; does nothing to what was consumed. */
export function disposeLayerMemory(memory: LayerMemory): void {
  if (isRecurrentState(memory)) disposeRecurrentState(memory)
  else disposeRollingCache(memory)
}
