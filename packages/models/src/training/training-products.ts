import { accumulateGradients, disposeParameters, matMulsIn, type MatMulShape } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { modelLoss, type ModelLossOptions, type TokenBatch } from './model-loss.js'

/**
 * The matrix products of a training step on the webgpu engine, for `tuneMatMul`. Computes the gradients of a
 * micro-batch of zeros once, to see.
 *
 * @param parameters - the weights; they stay as they are
 * @param config - the model
 * @param sizes - of a micro-batch
 * @param options - as in the step: kernels with their precision, and whether activations are computed again
 * @returns each product once, forward and backward
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function trainingProducts(
  parameters: SwatParameters,
  config: SwatConfig,
  sizes: Pick<TokenBatch, 'batchSize' | 'length'>,
  options: ModelLossOptions = {},
): Required<MatMulShape>[] {
  const zeros = () => new Int32Array(sizes.batchSize * sizes.length)
  const batch = { ...sizes, inputs: zeros(), labels: zeros() }
  return matMulsIn(() => {
    const { loss, gradients } = accumulateGradients(
      (tree: SwatParameters) => modelLoss(tree, config, batch, options),
      parameters,
      [batch],
      () => 1,
    )
    disposeParameters(gradients)
    loss.dispose()
  })
}
