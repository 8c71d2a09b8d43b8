import { kernel as crossEntropy } from '../../../cross-entropy/kernels/wasm/kernel.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import { kernel as linear } from '../../../linear/kernels/wasm/kernel.js'
import { chunked } from '../../chunked.js'
import type { LinearCrossEntropyKernel } from '../../contract.js'

/** Chunks by our WebAssembly kernels of `linear` and `crossEntropy`. */
export const kernel: LinearCrossEntropyKernel = {
  name: 'wasm',
  supports: simdSupport,
  ...chunked({ linear, crossEntropy }),
}
