import { kernel as crossEntropy } from '../../../cross-entropy/kernels/composite/kernel.js'
import { supported } from '../../../kernels/kernel.js'
import { kernel as linear } from '../../../linear/kernels/composite/kernel.js'
import { chunked } from '../../chunked.js'
import type { LinearCrossEntropyKernel } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: LinearCrossEntropyKernel = {
  name: 'composite',
  supports: () => supported,
  ...chunked({ linear, crossEntropy }),
}
