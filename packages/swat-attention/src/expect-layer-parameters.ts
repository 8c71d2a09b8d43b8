import { expectShape, SwatError, type tf } from '@swat-js/tensor-core'
import type { SwatAttentionParameters, SwatAttentionSettings } from './layer.js'

const caller = 'swatAttentionLayer'

/** Throws unless x and the parameters are those of a layer with these settings. */
export function expectLayerParameters(
  x: tf.Tensor3D,
  parameters: SwatAttentionParameters,
  settings: SwatAttentionSettings,
): void {
  expectShape(caller, 'x', x, ['batch', 'length', 'hidden'])
  const hidden = x.shape[2]
  const {
    heads,
    kvHeads,
    headDim,
    qkNorm,
    qkvBias = false,
    slopes,
    bias,
    distanceTable,
    learnedSink = false,
  } = settings
  const rows = { q_proj: heads * headDim, k_proj: kvHeads * headDim, v_proj: kvHeads * headDim } as const
  for (const [name, size] of Object.entries(rows)) {
    const projection = parameters[name as keyof typeof rows]
    expectShape(caller, `${name}.weight`, projection.weight, [size, hidden])
    expectOptional('qkvBias', qkvBias, `${name}.bias`, projection.bias, [size])
  }
  expectShape(caller, 'o_proj.weight', parameters.o_proj.weight, [hidden, heads * headDim])
  expectOptional('qkNorm', qkNorm, 'q_norm.weight', parameters.q_norm?.weight, [headDim])
  expectOptional('qkNorm', qkNorm, 'k_norm.weight', parameters.k_norm?.weight, [headDim])
  expectOptional('slopes', slopes === 'learned', 'slopes', parameters.slopes, [heads])
  expectOptional('bias', bias === 'learned', 'sigmoid_bias', parameters.sigmoid_bias, [heads])
  const table = parameters.learnable_bias_diagonals
  expectOptional('distanceTable', !!distanceTable, 'learnable_bias_diagonals', table, [heads, distanceTable ?? 0])
  expectOptional('learnedSink', learnedSink, 'sink_logits', parameters.sink_logits, [heads])
}

/** A parameter that is there exactly where a setting asks for it. */
function expectOptional(
  setting: string,
  isAsked: boolean,
  name: string,
  tensor: tf.Tensor | undefined,
  shape: readonly number[],
): void {
  if ((tensor !== undefined) !== isAsked) {
    throw new SwatError(
      'shape',
      `${caller}: ${setting} ${isAsked ? `asks for ${name}` : `does not ask for ${name}`}, but it is ` +
        `${tensor ? 'given' : 'missing'}. ${isAsked ? `Give a tensor [${shape.join(', ')}]` : 'Leave it out'} ` +
        `or change ${setting}.`,
    )
  }
  if (tensor) expectShape(caller, name, tensor, shape)
}
