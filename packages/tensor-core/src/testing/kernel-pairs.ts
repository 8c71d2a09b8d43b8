import type { BackendName } from '../engines/engine.js'
import type { KernelName } from '../kernels/kernel.js'

/** Every engine with every kernel that runs on it, for ops whose kernels are cpu and composite. */
export const kernelPairs: readonly { backend: BackendName; use: KernelName }[] = [
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
]
