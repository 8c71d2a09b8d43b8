export { tf } from './tf.js'
export { SwatError } from './swat-error.js'
export { expectShape } from './expect-shape.js'

export { useEngine } from './engines/use-engine.js'
export type { BackendName, Engine, EngineDescription, Refusal } from './engines/engine.js'

export { chooseKernel } from './kernels/choose-kernel.js'
export { supported, supportedOn } from './kernels/kernel.js'
export type {
  Kernel,
  KernelChoice,
  KernelName,
  KernelPolicy,
  KernelRefusal,
  KernelRequest,
  Support,
} from './kernels/kernel.js'

export { withGradient } from './gradients/with-gradient.js'
export type { ForwardResult } from './gradients/with-gradient.js'
export { valueAndGradients } from './gradients/value-and-gradients.js'

export { disposeParameters, flattenParameters, mapParameters } from './parameters/parameter-tree.js'
export type { ParameterTree } from './parameters/parameter-tree.js'

export { rmsNorm } from './rms-norm/rms-norm.js'
export type { RmsNormOptions } from './rms-norm/contract.js'
