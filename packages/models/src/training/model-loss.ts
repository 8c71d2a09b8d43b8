import { linearCrossEntropy, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'

/** Sequences of equal length with the token that follows each of theirs. */
export interface TokenBatch {
  /** Token ids, `[batch, length]` row by row. */
  inputs: Int32Array
  /** The token after each input, `[batch, length]` row by row; −100 is not scored. */
  labels: Int32Array
  /** Documents that attention does not cross, `[batch, length]` row by row; left out, a sequence is one. */
  segmentIds?: Int32Array
  /** Number of sequences. */
  batchSize: number
  /** Tokens of each sequence. */
  length: number
}

/** Options of {@link modelLoss}. */
export interface ModelLossOptions {
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Keep the input of each block only; the backward pass computes the rest again. Default false. */
  checkpointActivations?: boolean
}

/**
 * Mean cross-entropy of a batch in nats for each scored token.
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param batch - inputs and labels
 * @param options - see {@link ModelLossOptions}
 * @returns a scalar, differentiable with respect to the parameters
 * @throws SwatError `shape` when there are not `batchSize · length` inputs, labels and segment ids, `token-id` and
 * `label` when one is not in the vocabulary, `no-labels` when no token is scored
 */
export function modelLoss(
  parameters: SwatParameters,
  config: SwatConfig,
  batch: TokenBatch,
  options: ModelLossOptions = {},
): tf.Scalar {
  expectLength('inputs', batch)
  expectLength('labels', batch)
  if (batch.segmentIds) expectLength('segmentIds', batch)
  return tf.tidy(() => {
    const ids = tf.tensor2d(batch.inputs, [batch.batchSize, batch.length], 'int32')
    const labels = tf.tensor1d(batch.labels, 'int32') // [batch · length]
    const segmentIds = batch.segmentIds && tf.tensor2d(batch.segmentIds, [batch.batchSize, batch.length], 'int32')
    const context = { ...options, segmentIds }
    const { hidden, outputWeight } = swatHiddenStates(parameters, config, ids, context) // [batch, length, hidden]
    const rows: tf.Tensor2D = tf.reshape(hidden, [-1, config.hiddenSize])
    return linearCrossEntropy(rows, outputWeight, labels, { kernels: options.kernels })
  })
}

function expectLength(name: 'inputs' | 'labels' | 'segmentIds', batch: TokenBatch): void {
  const { batchSize, length } = batch
  const found = batch[name]?.length
  if (found === batchSize * length) return
  throw new SwatError(
    'shape',
    `modelLoss: ${name} must have batchSize · length (${batchSize} · ${length}) tokens, but has ${found}.`,
  )
}
