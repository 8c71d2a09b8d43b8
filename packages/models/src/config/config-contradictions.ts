import { rotaryFrequencies, rotaryScalingAt } from '@swat-js/positional-encodings'
import { SwatError } from '@swat-js/tensor-core'
import { layerWindows } from './layer-windows.js'
import { recurrentOf } from './recurrent-of.js'
import { resolveSlopes } from './resolve-slopes.js'
import { showValue } from './show-value.js'
import type { SlopesConfig, SwatConfig } from './swat-config.js'

/** A rule that a configuration breaks. */
export interface Contradiction {
  /** The key that is to blame, from the outside in. */
  path: string[]
  /** What is wrong, and the way out. */
  message: string
}

/** Rules that relate several values of a configuration; each value by itself is already valid. */
export function configContradictions(config: SwatConfig): Contradiction[] {
  const found: Contradiction[] = []
  const refuse: Refuse = (key, message, ...below) => found.push({ path: [key, ...below], message })
  checkHeads(config, refuse)
  checkWindow(config, refuse)
  checkSlopes(config, refuse)
  checkActivation(config, refuse)
  checkSinks(config, refuse)
  checkMixer(config, refuse)
  return found
}

type Refuse = (key: keyof SwatConfig, message: string, ...below: string[]) => void

function checkHeads({ hiddenSize, heads, kvHeads, headDim, rope }: SwatConfig, refuse: Refuse): void {
  if (!Number.isInteger(headDim)) {
    refuse('headDim', `hiddenSize (${hiddenSize}) must be a multiple of heads (${heads}). Change one or give headDim.`)
  } else if (rope && headDim % 2 === 1) {
    refuse('headDim', `headDim must be even for RoPE, but is ${headDim}. Change heads, or set rope to null.`)
  } else {
    const problem = scalingProblem(rope, headDim)
    if (problem) refuse('rope', problem, 'scaling')
  }
  if (heads % kvHeads !== 0) {
    const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((candidate) => heads % candidate === 0)
    refuse('kvHeads', `kvHeads must divide heads (${heads}), but is ${kvHeads}. Choose from ${divisors.join(', ')}.`)
  }
}

/** What the frequencies refuse, at a length beyond the original one, where also a dynamic scaling scales. */
function scalingProblem(rope: SwatConfig['rope'], headDim: number): string | null {
  if (!rope?.scaling || !(rope.base > 0)) return null
  const { base, scaling } = rope
  const length = 'originalLength' in scaling ? 2 * scaling.originalLength : 1
  return messageOf('rope.scaling', () => rotaryFrequencies(headDim, base, rotaryScalingAt(scaling, length)))
}

function checkWindow({ window, layers, sigmoidBias }: SwatConfig, refuse: Refuse): void {
  if (Array.isArray(window) && window.length > layers) {
    refuse(
      'window',
      `window must not be a longer list than there are layers (${layers}), but has ${window.length} entries. ` +
        'It is a pattern, begun again when it ends.',
    )
  }
  if (sigmoidBias === 'neg-log-window' && layerWindows({ window, layers }).includes(null)) {
    const where = Array.isArray(window) ? 'that of some layers' : 'window'
    refuse(
      'sigmoidBias',
      `sigmoidBias 'neg-log-window' needs a window, but ${where} is null. Give the bias as a number.`,
    )
  }
}

function checkSlopes({ slopes, heads, trainableSlopes }: SwatConfig, refuse: Refuse): void {
  const problem = slopesProblem(slopes, heads)
  if (problem) refuse('slopes', problem)
  if (trainableSlopes && slopes === 'none') {
    refuse(
      'trainableSlopes',
      `trainableSlopes needs slopes to start from, but slopes is 'none'. Give zeros to start from none.`,
    )
  }
}

function slopesProblem(slopes: SlopesConfig, heads: number): string | null {
  if (typeof slopes === 'string') return messageOf('slopes', () => resolveSlopes(slopes, heads))
  if (Array.isArray(slopes)) {
    if (slopes.length === heads) return null
    return `slopes must have one number for each of ${heads} heads, but has ${slopes.length}.`
  }
  const { recency, remote } = slopes
  if (recency + remote === heads) return null
  return (
    `slopes must be for ${heads} heads, but recency (${recency}) and remote (${remote}) make ` +
    `${recency + remote}. Change one.`
  )
}

function checkActivation({ activation, sigmoidBias, learnedSink }: SwatConfig, refuse: Refuse): void {
  if (activation === 'softmax' && sigmoidBias !== 0) {
    refuse('sigmoidBias', `sigmoidBias must be 0 with activation 'softmax', but is ${showValue(sigmoidBias)}.`)
  }
  if (activation === 'sigmoid' && learnedSink) {
    refuse(
      'learnedSink',
      `learnedSink needs activation 'softmax', but activation is 'sigmoid': its logit adds to a denominator, and ` +
        `sigmoid has none. To lower all weights set sigmoidBias.`,
    )
  }
}

function checkSinks(config: SwatConfig, refuse: Refuse): void {
  const { sinks, sinkPositions, slopes, rope, positionBias } = config
  if (sinks === 0) {
    if (sinkPositions === 'in-cache') {
      refuse('sinkPositions', `sinkPositions 'in-cache' needs sinks, but sinks is 0. Set sinks, for example to 4.`)
    }
    return
  }
  if (layerWindows(config).every((window) => window === null)) {
    refuse('sinks', `sinks must be 0 without a window, but is ${sinks}: every key stays visible. Give a window.`)
  }
  if (!isNone(slopes)) {
    refuse(
      'sinks',
      `sinks (${sinks}) need slopes 'none', but slopes is ${showValue(slopes)}: the distance to a first token grows ` +
        'without end, and slope times distance would hide the sink or drown all other keys.',
    )
  }
  if (sinkPositions === 'absolute') return
  const reason = 'it turns the queries that look at a sink'
  if (!rope) refuse('sinkPositions', `sinkPositions 'in-cache' needs RoPE, but rope is null: ${reason}.`)
  if (rope?.scaling?.type.startsWith('dynamic')) {
    refuse('sinkPositions', `sinkPositions 'in-cache' does not go with ${rope.scaling.type} scaling: ${reason}.`)
  }
  if (positionBias) {
    refuse(
      'positionBias',
      `positionBias must be null with sinkPositions 'in-cache': its table goes by distances in the text, not in the cache.`,
    )
  }
}

/** What a recurrence has no use for, and what it must be. */
const withoutAttention = {
  ...{ window: null, slopes: 'none', rope: null, activation: 'sigmoid', trainableSlopes: false, sigmoidBias: 0 },
  ...{ positionBias: null, sinks: 0, learnedSink: false, qkvBias: false, qkNorm: false },
} as const satisfies Partial<SwatConfig>

function checkMixer(config: SwatConfig, refuse: Refuse): void {
  const { mixer, heads, kvHeads, headDim } = config
  if (mixer === 'attention') return
  for (const [key, value] of Object.entries({ ...withoutAttention, kvHeads: heads })) {
    const name = key as keyof SwatConfig
    if (config[name] === value) continue
    refuse(
      name,
      `${name} must be ${showValue(value)} with mixer '${mixer}', which has no attention, but is ` +
        `${showValue(name === 'kvHeads' ? kvHeads : config[name])}.`,
    )
  }
  if (!Number.isInteger(headDim)) return
  const problem = messageOf('mixer', () => recurrentOf(config))
  if (problem) refuse('mixer', problem)
}

function isNone(slopes: SlopesConfig): boolean {
  return slopes === 'none' || (Array.isArray(slopes) && slopes.every((slope) => slope === 0))
}

function messageOf(key: string, compute: () => unknown): string | null {
  try {
    compute()
    return null
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    return `${key}: ${error.message}`
  }
}
