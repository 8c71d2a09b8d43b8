import { kernel as crossEntropy } from '../../../cross-entropy/kernels/webgpu/kernel.js'
import { supportedOn } from '../../../kernels/kernel.js'
import { kernel as linear } from '../../../linear/kernels/webgpu/kernel.js'
import { chunked } from '../../chunked.js'
import type { LinearCrossEntropyKernel } from '../../contract.js'

/** Chunks by our WGSL kernels of `linear` and `crossEntropy`. */
export const kernel: LinearCrossEntropyKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),
  ...chunked({ linear, crossEntropy }),
}
