import { SwatError } from '@swat-js/tensor-core'
import { layerWindows } from '../config/layer-windows.js'
import type { SwatConfig } from '../config/swat-config.js'
import { parameterShapes } from '../parameters/parameter-shapes.js'

/** What a training step is asked to hold. */
export interface TrainingMemoryRequest {
  /** Sequences that are computed at a time. */
  batchSize: number
  /** Tokens of a sequence. */
  length: number
  /** Whether activations are computed again in the backward pass; default false. */
  checkpointActivations?: boolean
}

/** Bytes of device memory that a training step takes, by what they hold. */
export interface TrainingMemory {
  /** The weights. */
  parameters: number
  /** Both moments of AdamW. */
  optimizer: number
  /** One gradient for each weight. */
  gradients: number
  /** What the forward pass keeps for the backward pass. */
  activations: number
  /** What the output layer and its loss hold beside that. */
  output: number
  /** Gradients of activations, and what a block needs while it is computed. */
  workspace: number
  /** The most that is held at one time; less than the sum, as activations go while gradients come. */
  peak: number
}

const bytesOfFloat = 4
const logitsAtATime = 2 ** 25 // as linearCrossEntropy takes them

/**
 * Predicts the memory of a training step without running it. Measured peaks lie within a sixth of it; buffers that the
 * engine keeps for reuse come on top.
 *
 * @param config - the model
 * @param request - see {@link TrainingMemoryRequest}
 * @returns bytes
 * @throws SwatError `config` when a count is not a positive integer, or the mixer is a recurrence
 */
export function trainingMemory(config: SwatConfig, request: TrainingMemoryRequest): TrainingMemory {
  const { batchSize, length, checkpointActivations = false } = request
  for (const [name, value] of Object.entries({ batchSize, length })) {
    if (Number.isInteger(value) && value > 0) continue
    throw new SwatError('config', `trainingMemory: ${name} must be a positive integer, but is ${value}.`)
  }
  if (config.mixer !== 'attention') {
    throw new SwatError(
      'config',
      `trainingMemory: the memory of the mixer ${config.mixer} is not predicted, only that of attention. Try a step ` +
        'with a small batch, and a larger one when it fits.',
    )
  }
  const { hiddenSize, intermediateSize, layers, vocabSize } = config
  const tokens = batchSize * length
  const sizes = [...parameterShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b))
  const parameters = bytesOfFloat * sizes.reduce((a, b) => a + b)
  const largest = bytesOfFloat * Math.max(...sizes)

  const ofBlocks = layerWindows(config).map((window) => bytesOfFloat * tokens * keptByBlock(config, window))
  const ofStream = bytesOfFloat * tokens * hiddenSize
  const activations = (checkpointActivations ? layers * ofStream : sum(ofBlocks)) + 2 * ofStream
  const chunk = Math.min(tokens, Math.max(64, Math.floor(logitsAtATime / vocabSize)))
  const output = bytesOfFloat * 2 * chunk * vocabSize + 2 * bytesOfFloat * vocabSize * hiddenSize + ofStream
  const gradientsOfBlock = bytesOfFloat * tokens * (3 * intermediateSize + 2 * hiddenSize)
  const workspace = gradientsOfBlock + (checkpointActivations ? Math.max(...ofBlocks) : 0)

  const standing = 3 * parameters // weights and moments
  const whileLosing = activations + output
  const whileGoingBack = activations + bytesOfFloat * vocabSize * hiddenSize + ofStream + workspace
  const whileUpdating = parameters + 3 * largest
  return {
    parameters,
    optimizer: 2 * parameters,
    gradients: parameters,
    activations,
    output,
    workspace,
    peak: standing + Math.max(whileLosing, whileGoingBack, whileUpdating),
  }
}

/** Floats that a block keeps for each token. */
function keptByBlock(config: SwatConfig, window: number | null): number {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize, qkNorm, qkvBias, layerScale, attnOutNorm } = config
  const [queries, keys] = [heads * headDim, kvHeads * headDim]
  // Its input, the normed input, the sum after attention and its norm; what comes before a norm or a factor.
  const ofStream = 4 + (attnOutNorm ? 1 : 0) + (layerScale === null ? 0 : 2)
  // Queries and what was attended, keys and values; before the norm and before the bias.
  const ofAttention = 2 * queries + 2 * keys + (qkNorm ? queries + keys : 0) + (qkvBias ? queries + 2 * keys : 0)
  // Both rotations and heads of twice the size, see attentionHeads.
  const ofSinks = config.sinkPositions === 'in-cache' && window !== null ? 4 * queries + 8 * keys : 0
  return hiddenSize * ofStream + ofAttention + ofSinks + 3 * intermediateSize // gate, up and their product
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
