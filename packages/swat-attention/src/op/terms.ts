import { expectShape, SwatError, tf } from '@swat-js/tensor-core'
import type { AttentionTerm, SwatAttentionOptions } from './contract.js'

/** One of the optional terms of the logits, as it was given. */
export interface Term<Value = tf.Tensor | number[]> {
  /** Which one. */
  name: AttentionTerm
  /** The tensor, or one number a head. */
  value: Value
}

type TermOptions = Pick<SwatAttentionOptions, AttentionTerm | 'activation' | 'scale'>

/** The terms that take part, numbers spelt out as one a head. */
export function givenTerms({ slopes, bias, distanceTable, sinkLogits }: TermOptions, heads: number): Term[] {
  const perHead = (value: number | readonly number[] | tf.Tensor) => {
    if (value instanceof tf.Tensor) return value
    return typeof value === 'number' ? new Array<number>(heads).fill(value) : [...value]
  }
  const given = { slopes, bias: bias === 0 ? null : bias, distanceTable, sinkLogits }
  return Object.entries(given).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [{ name: name as AttentionTerm, value: perHead(value) }],
  )
}

/** Throws unless scale and terms make sense for these heads. */
export function checkTerms(caller: string, options: TermOptions, heads: number): void {
  const { scale, slopes, bias, distanceTable, sinkLogits } = options
  if (scale !== undefined && !Number.isFinite(scale)) {
    throw new SwatError(
      'attention',
      `${caller}: scale must be a finite number, but is ${scale}. Leave it out for headDim^(-1/2).`,
    )
  }
  const expectPerHead = (name: string, value: readonly number[] | tf.Tensor1D | null | undefined) => {
    if (value instanceof tf.Tensor) return expectShape(caller, name, value, [heads])
    if (!value || (value.length === heads && value.every(Number.isFinite))) return
    throw new SwatError(
      'attention',
      `${caller}: ${name} must hold one finite number for each of the ${heads} heads, but is [${value.join(', ')}]. ` +
        `Give ${heads} numbers${name === 'slopes' ? ', for example from slopePreset, or null' : ''}.`,
    )
  }
  expectPerHead('slopes', slopes)
  expectPerHead('bias', typeof bias === 'number' ? [...Array<number>(heads).fill(bias)] : bias)
  expectPerHead('sinkLogits', sinkLogits)
  if (distanceTable) expectShape(caller, 'distanceTable', distanceTable, [heads, 'tableLength'])
  if (sinkLogits && options.activation !== 'softmax') {
    throw new SwatError(
      'attention',
      `${caller}: sinkLogits needs activation 'softmax': a sink logit adds to the softmax's denominator, and sigmoid ` +
        'attention has none. Leave out sinkLogits; to lower all sigmoid weights use bias.',
    )
  }
}
