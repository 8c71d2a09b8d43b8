import {
  blockSettings,
  layerWindows,
  parameterShapes,
  type SwatBlockParameters,
  type SwatConfig,
  type SwatParameters,
  type TokenBatch,
} from '@swat-js/models'
import { rotaryScalingAt, rotaryTables } from '@swat-js/positional-encodings'
import { flattenParameters, mapParameters, SwatError, tf } from '@swat-js/tensor-core'
import { denseAttention, type DenseAttention } from '../attention/dense-attention.js'

/** What every model has. */
const plainParameters = /^lm_head|^model\.(embeddings|norm)\.|\.(attn|mlp)_norm\.|_proj\.weight$/

/** The same model as one writes it with TensorFlow.js alone, and its training step. */
export interface StockTraining {
  /**
   * Mean loss of a batch, before an update.
   *
   * @returns nats a token
   */
  step(batch: TokenBatch): Promise<number>
  /** Frees its weights, moments and masks. */
  dispose(): void
}

/**
 * A model trained by TensorFlow.js's own ops, gradients and Adam: the baseline of the training benchmark. Attention is
 * dense and masked, as there is no other in TensorFlow.js; no clipping, no decay.
 *
 * @param parameters - initial weights, copied
 * @param config - the model
 * @param batch - batch size and length of all batches
 * @param learningRate - of all steps
 * @returns the training; the caller's to dispose
 * @throws SwatError `benchmark` for models with anything that it leaves out: learned terms, biases, sinks, other norms,
 * no rotary positions
 */
export function stockTraining(
  parameters: SwatParameters,
  config: SwatConfig,
  { batchSize, length }: Pick<TokenBatch, 'batchSize' | 'length'>,
  learningRate: number,
): StockTraining {
  const { heads, kvHeads, headDim, activation, rope } = config
  const [window] = layerWindows(config)
  const { slopes, bias, sinks } = blockSettings(config).attention
  const ownParameters = [...parameterShapes(config).keys()].filter((name) => !plainParameters.test(name))
  const isPlain = ownParameters.length === 0 && bias === null && sinks === 0 && !Array.isArray(config.window)
  if (!rope || slopes === 'learned' || !isPlain) {
    throw new SwatError(
      'benchmark',
      'stockTraining: expected a model with rotary positions, one window for all layers, and nothing but projections, ' +
        `norms and fixed slopes${ownParameters.length > 0 ? `, but it has ${ownParameters[0]}` : ''}.`,
    )
  }
  provideGatherGradient()
  const variables = mapParameters(parameters, (tensor) => tf.variable(tensor))
  const shape = { batch: batchSize, headDim, length, window, activation, heads, kvHeads }
  const dense = denseAttention(shape)
  const { base, scaling } = rope
  const rotary = { headDim, base, scaling: rotaryScalingAt(scaling, length), positions: { start: 0, length } }
  const { cos, sin } = rotaryTables(rotary)
  const tables = [cos, sin].map((table) => tf.reshape(table, [1, length, 1, headDim / 2]))
  const model = {
    config,
    variables,
    dense,
    cos: tables[0],
    sin: tables[1],
    slopes,
  }
  const optimizer = tf.train.adam(learningRate, 0.9, 0.95, 1e-8)
  return {
    async step(batch) {
      const list = [...flattenParameters(variables).values()] as tf.Variable[]
      const loss = optimizer.minimize(() => stockLoss(model, batch), true, list) as tf.Scalar
      const [value] = await loss.data()
      loss.dispose()
      return value
    },
    dispose() {
      optimizer.dispose()
      dense.dispose()
      tf.dispose([cos, sin, ...tables, ...flattenParameters(variables).values()])
    },
  }
}

interface StockModel {
  config: SwatConfig
  variables: SwatParameters
  dense: DenseAttention
  cos: tf.Tensor
  sin: tf.Tensor
  slopes: readonly number[] | null
}

function stockLoss(model: StockModel, { inputs, labels, batchSize, length }: TokenBatch): tf.Scalar {
  const { config, variables } = model
  const { hiddenSize, vocabSize, normEpsilon } = config
  const ids = tf.tensor1d(inputs, 'int32')
  let x: tf.Tensor = tf.gather(variables.model.embeddings.weight, ids) // [batch · length, hidden]
  for (const layer of variables.model.layers) x = stockBlock(x, layer, model, batchSize, length)
  x = norm(tf.reshape(x, [batchSize * length, hiddenSize]), variables.model.norm.weight, normEpsilon)
  const logits = project(x, (variables.lm_head ?? variables.model.embeddings).weight)
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), vocabSize)
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar
}

function stockBlock(
  x: tf.Tensor,
  { attn_norm, attn, mlp_norm, mlp }: SwatBlockParameters,
  { config, dense, cos, sin, slopes }: StockModel,
  batchSize: number,
  length: number,
): tf.Tensor {
  const { heads, kvHeads, headDim, normEpsilon } = config
  const normed = norm(x, attn_norm.weight, normEpsilon)
  const split = (weight: tf.Tensor2D, heads: number) =>
    tf.reshape(project(normed, weight), [batchSize, length, heads, headDim]) as tf.Tensor4D
  const rotate = (x: tf.Tensor4D) => {
    const [first, second] = tf.split(x, 2, 3)
    const turned = [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(first, sin), tf.mul(second, cos))]
    return tf.concat(turned, 3) as tf.Tensor4D
  }
  const queries = rotate(split(attn.q_proj.weight, heads))
  const keys = rotate(split(attn.k_proj.weight, kvHeads))
  const values = split(attn.v_proj.weight, kvHeads)
  const attended = dense.attend({ queries, keys, values }, { slopes } as Parameters<DenseAttention['attend']>[1])
  const joined = tf.reshape(attended, [batchSize * length, heads * headDim])
  const middle = tf.add(x, project(joined, attn.o_proj.weight))
  const mlpInput = norm(middle, mlp_norm.weight, normEpsilon)
  const gate = project(mlpInput, mlp.gate_proj.weight)
  const hidden = tf.mul(tf.mul(gate, tf.sigmoid(gate)), project(mlpInput, mlp.up_proj.weight))
  return tf.add(middle, project(hidden, mlp.down_proj.weight))
}

function norm(x: tf.Tensor, weight: tf.Tensor1D, epsilon: number): tf.Tensor {
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), weight)
}

function project(x: tf.Tensor, weight: tf.Tensor2D): tf.Tensor {
  return tf.matMul(x as tf.Tensor2D, weight, false, true)
}

/** TensorFlow.js's wasm backend has no UnsortedSegmentSum, without which `tf.gather` cannot be differentiated there. */
function provideGatherGradient(): void {
  if (tf.getBackend() !== 'wasm' || tf.getKernel('UnsortedSegmentSum', 'wasm')) return
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const [x, segmentIds] = [inputs.x, inputs.segmentIds] as tf.Tensor[]
      const { numSegments } = attrs as unknown as { numSegments: number }
      const [values, ids] = [tf.backend().readSync(x.dataId), tf.backend().readSync(segmentIds.dataId)]
      const rowSize = x.shape.slice(1).reduce((product, axis) => product * axis, 1)
      const sums = new Float32Array(numSegments * rowSize)
      for (let row = 0; row < x.shape[0]; row++) {
        const target = (ids[row] as number) * rowSize
        for (let i = 0; i < rowSize; i++) sums[target + i] += values[row * rowSize + i] as number
      }
      return tf.tensor(sums, [numSegments, ...x.shape.slice(1)])
    },
  })
}
