/**
 * Engines, differentiable ops with their kernels, parameters, gradients, optimizer, random numbers, safetensors.
 *
 * @module @swat-js/tensor-core
 */
export { tf } from './tf.js'
export { SwatError } from './swat-error.js'
export { expectShape } from './expect-shape.js'

export { hasMemory } from './engines/has-memory.js'
export { useEngine } from './engines/use-engine.js'
export {
  heapIsShared,
  heapMemory,
  heapPointer,
  heapView,
  uninitializedTensor,
  withHeapBytes,
} from './engines/wasm/heap.js'
export { asFloat32 } from './engines/wasm/as-float32.js'
export { HeapModule, type ItemWork } from './engines/wasm/heap-module.js'
export { simdSupport } from './engines/wasm/simd-support.js'
export { gpuInfo } from './engines/webgpu/gpu-info.js'
export type { GpuInfo, GpuLimit, SubgroupMatrixConfig } from './engines/webgpu/gpu-info.js'
export { gpuReady } from './engines/webgpu/gpu-ready.js'
export { rememberOnDevice } from './engines/webgpu/remember-on-device.js'
export { runShader } from './engines/webgpu/run-shader.js'
export type { ShaderRun } from './engines/webgpu/run-shader.js'
export { timeShaders } from './engines/webgpu/time-shaders.js'
export type { ShaderTimes } from './engines/webgpu/time-shaders.js'
export { uninitializedGpuTensor } from './engines/webgpu/uninitialized-gpu-tensor.js'
export { elementGrid, mainOfElements, storageBindings, uniformBytes } from './engines/webgpu/wgsl.js'
export type { UniformMember } from './engines/webgpu/wgsl.js'
export type { BackendName, Engine, EngineDescription, Refusal } from './engines/engine.js'

export { chooseKernel } from './kernels/choose-kernel.js'
export { kernelRequest, supported, supportedOn } from './kernels/kernel.js'
export type {
  Kernel,
  KernelChoice,
  KernelName,
  KernelPolicy,
  KernelRefusal,
  KernelRequest,
  Precision,
  Support,
} from './kernels/kernel.js'

export { withGradient } from './gradients/with-gradient.js'
export type { ForwardResult } from './gradients/with-gradient.js'
export { backpropagate } from './gradients/backpropagate.js'
export type { BackpropagateOptions } from './gradients/backpropagate.js'
export { checkpoint } from './gradients/checkpoint.js'
export { valueAndGradients } from './gradients/value-and-gradients.js'

export { disposeParameters, flattenParameters, mapParameters } from './parameters/parameter-tree.js'
export type { ParameterTree } from './parameters/parameter-tree.js'

export { addRmsNorm, rmsNorm } from './rms-norm/rms-norm.js'
export type { AddRmsNormResult } from './rms-norm/rms-norm.js'
export type { RmsNormOptions } from './rms-norm/contract.js'

export { matMul } from './matmul/mat-mul.js'
export type { MatMulOptions } from './matmul/mat-mul.js'
export { describeMatMul } from './matmul/describe-mat-mul.js'
export { tuneMatMul } from './matmul/webgpu/tune-mat-mul.js'
export type { MatMulTrial, TunedMatMul } from './matmul/webgpu/tune-mat-mul.js'
export { matMulChoices, matMulsIn, useMatMulChoices } from './matmul/webgpu/mat-mul-choices.js'
export { describeMatMulChoices } from './matmul/mat-mul-choice.js'
export type { MatMulChoice } from './matmul/mat-mul-choice.js'
export { matMulName } from './matmul/mat-mul-shape.js'
export type { MatMulShape } from './matmul/mat-mul-shape.js'

export { linear } from './linear/linear.js'
export type { LinearOptions } from './linear/contract.js'

export { swiGlu } from './swi-glu/swi-glu.js'
export type { SwiGluOptions } from './swi-glu/contract.js'

export { embedding } from './embedding/embedding.js'
export type { EmbeddingOptions } from './embedding/contract.js'

export { crossEntropy } from './cross-entropy/cross-entropy.js'
export type { CrossEntropyOptions } from './cross-entropy/contract.js'

export { linearCrossEntropy } from './linear-cross-entropy/linear-cross-entropy.js'
export type { LinearCrossEntropyOptions } from './linear-cross-entropy/contract.js'

export { logSigmoid, sigmoid, sigmoidDerivative } from './activations/sigmoid.js'
export { silu, siluDerivative } from './activations/silu.js'

export { createRandom } from './random/create-random.js'
export type { Random, RandomState } from './random/create-random.js'

export { nextTokenLabels } from './losses/next-token-labels.js'
export { accumulateGradients } from './gradients/accumulate-gradients.js'
export type { AccumulateGradientsOptions } from './gradients/accumulate-gradients.js'

export { adamW } from './optimizers/adamw.js'
export type { AdamWSettings, AdamWState, Optimizer } from './optimizers/adamw.js'
export { initialLossScale, nextLossScale, scaledGlobalNorm } from './optimizers/loss-scale.js'
export type { LossScale, LossScaleSettings } from './optimizers/loss-scale.js'
export { globalNorm } from './global-norm/global-norm.js'
export type { GlobalNormOptions, GlobalNormOutputs } from './global-norm/contract.js'
export { clipByGlobalNorm } from './optimizers/clip-by-global-norm.js'
export { constantSchedule, cosineSchedule, nanoGptSchedule } from './optimizers/schedules.js'
export type { CosineSettings, LearningRateSchedule, NanoGptSettings } from './optimizers/schedules.js'

export { readSafetensors, writeSafetensors } from './checkpoint/safetensors.js'
export type { SafetensorsDtype, SafetensorsEntry, SafetensorsFile } from './checkpoint/safetensors.js'
export { safetensorsToFloat32 } from './checkpoint/safetensors-to-float32.js'
export { safetensorsFromFloat32 } from './checkpoint/safetensors-from-float32.js'
export type { FloatDtype } from './checkpoint/safetensors-from-float32.js'
export { parametersToSafetensors } from './checkpoint/parameters-to-safetensors.js'
export { parametersFromSafetensors } from './checkpoint/parameters-from-safetensors.js'
