import {
  attentionWeights,
  embeddingGradients,
  layerWindows,
  lossByContext,
  readAttentionWeights,
  readHiddenStates,
  tokenReach,
  type AttentionWeights,
  type SwatConfig,
  type SwatParameters,
} from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import { correlation } from './correlation.js'
import { effectiveReach } from './effective-reach.js'
import type {
  AttentionMap,
  HeadInspection,
  Inspection,
  InspectionOptions,
  LayerInspection,
  ReceptiveFieldInspection,
  SinkInspection,
} from './inspection.js'
import { largestLogit } from './largest-logit.js'
import { receivedAttention } from './received-attention.js'
import { rowOf } from './row-of.js'
import { rowStatistics } from './row-statistics.js'
import { sinkScore } from './sink-score.js'
import { tokenVariance } from './token-variance.js'

/**
 * Looks into a model while it reads a text: attention of every head, variance of tokens, sinks, receptive field (spec
 * 8). The model is run as it is.
 *
 * @param parameters - the weights of the model
 * @param config - the model they belong to
 * @param ids - token ids, two at least
 * @param options - see {@link InspectionOptions}
 * @returns see {@link Inspection}
 * @throws SwatError `diagnostics` when the text is too short or an option makes no sense, and what the model throws
 */
export async function inspectModel(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: InspectionOptions = {},
): Promise<Inspection> {
  const settled = settle(config, ids.length, options)
  const { from, to, sequences, onProgress } = settled
  const work = { layers: config.layers, sinks: sequences, reach: 1, influence: settled.places, loss: settled.places }
  const total = Object.values(work).reduce((sum, units) => sum + units, 0)
  let before = 0
  const part = (units: number) => {
    const start = before
    before += units
    return (share: number) => onProgress?.(Math.round(start + share * units), total)
  }
  const model: Model = { parameters, config, ids }
  const layers = await inspectLayers(model, settled, part(work.layers))
  const sinks = await inspectSinks(model, settled, part(work.sinks))
  const receptiveField = await inspectReceptiveField(model, settled, part(work.reach + work.influence + work.loss))
  const { heads, activation, window } = config
  return {
    model: { layers: config.layers, heads, activation, window },
    textTokens: ids.length,
    stretch: { from, to },
    layers,
    sinks,
    receptiveField,
    maps: await drawnMaps(model, settled),
  }
}

interface Model {
  parameters: SwatParameters
  config: SwatConfig
  ids: ArrayLike<number>
}

type Report = (share: number) => void

interface Settled extends Required<Omit<InspectionOptions, 'onProgress' | 'kernels' | 'tokens'>> {
  to: number
  /** Tokens that can reach one output. */
  field: number
  onProgress: InspectionOptions['onProgress']
  kernels: InspectionOptions['kernels']
}

function settle(config: SwatConfig, length: number, options: InspectionOptions): Settled {
  const { from = 0, tokens = 256, sequences = 100, sequenceLength = 64, epsilon = 0.3 } = options
  const { places = 16, mapTokens = 48, onProgress, kernels } = options
  const refuse = (problem: string) => {
    throw new SwatError('diagnostics', `inspectModel: ${problem}.`)
  }
  if (length < 2) refuse(`the text must have two tokens at least, but has ${length}`)
  if (!Number.isInteger(from) || from < 0 || from > length - 2) {
    refuse(`from must be a place with a token after it, from 0 to ${length - 2}, but is ${from}`)
  }
  const field = layerWindows(config).reduce<number>((sum, window) => sum + (window ?? Infinity) - 1, 1)
  const context = options.context ?? Math.min(field, 512, length - 1)
  for (const [name, value] of Object.entries({ tokens, sequences, sequenceLength, places, context, mapTokens })) {
    if (!Number.isInteger(value) || value < 1) refuse(`${name} must be a positive integer, but is ${value}`)
  }
  if (tokens < 2) refuse(`tokens must be two at least, but is ${tokens}`)
  if (!(epsilon >= 0)) refuse(`epsilon must be a number of at least 0, but is ${epsilon}`)
  if (context > length - 1) {
    refuse(`the text must have a token more than context, which is ${context}, but has ${length}`)
  }
  const ends = (count: number) => [...new Set([0, count - 1])]
  const { mapLayers = ends(config.layers), mapHeads = ends(config.heads) } = options
  const outside = (places: readonly number[], count: number) =>
    places.find((place) => !Number.isInteger(place) || place < 0 || place >= count)
  const [layer, head] = [outside(mapLayers, config.layers), outside(mapHeads, config.heads)]
  if (layer !== undefined) refuse(`a layer must be a whole number from 0 to ${config.layers - 1}, but is ${layer}`)
  if (head !== undefined) refuse(`a head must be a whole number from 0 to ${config.heads - 1}, but is ${head}`)
  return {
    ...{ from, to: Math.min(length, from + tokens), field, context, mapLayers, mapHeads, mapTokens },
    ...{ sequences: Math.min(sequences, Math.floor(length / sequenceLength)), sequenceLength, epsilon },
    places: Math.min(places, length - context),
    ...{ onProgress, kernels },
  }
}

async function inspectLayers(model: Model, settled: Settled, report: Report): Promise<LayerInspection[]> {
  const { parameters, config, ids } = model
  const { from, to, kernels } = settled
  const variances = await variancesOf(model, settled)
  const layers: LayerInspection[] = []
  for (let layer = 0; layer < config.layers; layer++) {
    const band = await attentionWeights(parameters, config, ids, { layer, from, to, kernels })
    const variance = variances[layer]
    const received = receivedAttention(band, { divideBy: 'visible' })
    const mean = variance.map((_, token) => received.reduce((sum, head) => sum + head[token], 0) / received.length)
    const heads = received.map((ofHead, head) => ({
      ...inspectHead(band, head, config.activation === 'softmax'),
      correlation: correlation(variance, ofHead),
    }))
    const ofMean = correlation(variance, mean)
    layers.push({ layer, window: band.window, variance, received: mean, correlation: ofMean, heads })
    report((layer + 1) / config.layers)
  }
  return layers
}

/** For each layer the variances of the tokens of the stretch. */
async function variancesOf({ parameters, config, ids }: Model, { from, to, kernels }: Settled): Promise<number[][]> {
  const variances = Array.from({ length: config.layers }, (): number[] => [])
  const read = Array.from({ length: to }, (_, i) => ids[i])
  for await (const chunk of readHiddenStates(parameters, config, read, { everyBlock: true, kernels })) {
    const skipped = Math.max(0, from - chunk.start)
    if (skipped >= chunk.length) continue
    variances.forEach((ofLayer, layer) => {
      const states = chunk.everyBlock?.[layer].subarray(skipped * config.hiddenSize) ?? []
      ofLayer.push(...tokenVariance(states, config.hiddenSize))
    })
  }
  return variances
}

function inspectHead(band: AttentionWeights, head: number, isSoftmax: boolean): Omit<HeadInspection, 'correlation'> {
  const rows = Array.from({ length: band.queries }, (_, query) => rowOf(band, head, query).weights)
  const fullest = rows.reduce((most, { length }) => Math.max(most, length), 0)
  const isFull = band.window !== null && fullest === band.window + band.sinks
  const described = rows.filter(({ length }) => (isFull ? length === fullest : length > 1))
  const statistics = meanOf(described.map(rowStatistics))
  // A weight of 0 has no logit.
  const logits = isSoftmax ? described.filter((row) => row.length > 1 && row.every((weight) => weight > 0)) : []
  return {
    head,
    rows: described.length,
    statistics: statistics ?? rowStatistics([0]),
    largestLogit: meanOf(logits.map((row) => describeLargest(row.map(Math.log)))),
  }
}

function describeLargest(logits: readonly number[]) {
  const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length
  const sigma = Math.sqrt(logits.reduce((sum, logit) => sum + (logit - mean) ** 2, 0) / (logits.length - 1))
  const { gap, expectedGap } = largestLogit(logits.length, sigma)
  return { sigma, gap: Math.max(...logits) - mean, predictedGap: gap, expectedGap }
}

/** Key by key, without records in which it is NaN. */
function meanOf<Numbers extends object>(records: readonly Numbers[]): Numbers | null {
  if (records.length === 0) return null
  const keys = Object.keys(records[0]) as (keyof Numbers)[]
  const meanOfKey = (key: keyof Numbers) => {
    const values = records.map((record) => record[key] as number).filter((value) => !Number.isNaN(value))
    return values.reduce((sum, value) => sum + value, 0) / values.length
  }
  return Object.fromEntries(keys.map((key) => [key, meanOfKey(key)])) as Numbers
}

async function inspectSinks(model: Model, settled: Settled, report: Report): Promise<SinkInspection | null> {
  const { parameters, config, ids } = model
  const { sequences, sequenceLength: length, epsilon, kernels } = settled
  if (sequences === 0) return null
  const bands: AttentionWeights[][] = [] // by sequence and layer
  for (let sequence = 0; sequence < sequences; sequence++) {
    const own = Array.from({ length }, (_, i) => ids[sequence * length + i])
    for await (const layers of readAttentionWeights(parameters, config, own, { chunk: length, kernels })) {
      bands.push(layers)
    }
    report((sequence + 1) / sequences)
  }
  const normalisedRows = config.activation === 'sigmoid'
  const scoresOf = (bands: readonly AttentionWeights[]) => {
    const options = { epsilon, normaliseRows: normalisedRows }
    const { keys, firstInWindow } = sinkScore(bands, options)
    const visible = sinkScore(bands, { ...options, divideBy: 'visible' })
    return { first: keys[0], firstWhereVisible: visible.keys[0], firstInWindow, keys: [...keys] }
  }
  return {
    ...{ sequences, length, epsilon, normalisedRows },
    ...scoresOf(bands.flat()),
    layers: bands[0].map((_, layer) => {
      const { first, firstWhereVisible, firstInWindow } = scoresOf(bands.map((layers) => layers[layer]))
      return { first, firstWhereVisible, firstInWindow }
    }),
  }
}

async function inspectReceptiveField(
  { parameters, config, ids }: Model,
  settled: Settled,
  report: Report,
): Promise<ReceptiveFieldInspection> {
  const { field, context, kernels } = settled
  const place = Math.min(config.sinks, ids.length - 1)
  // Long enough to see that there is nothing beyond the field.
  const text = Array.from({ length: Math.min(ids.length, place + field + 8, 4096) }, (_, i) => ids[i])
  const { reach } = await tokenReach(parameters, config, text, { place, kernels })

  const last = ids.length - 2
  const places = Array.from({ length: settled.places }, (_, i) =>
    Math.round(last - (i * (last - context + 1)) / Math.max(1, settled.places - 1)),
  )
  const gradients = await embeddingGradients(parameters, config, ids, {
    ...{ length: context, places, kernels },
    onProgress: (done, total) => report((0.5 * done) / total),
  })
  const contexts = [...powersOfTwo(context), context]
  const losses = await lossByContext(parameters, config, ids, {
    ...{ contexts, places, kernels },
    onProgress: (done, total) => report(0.5 + (0.5 * done) / total),
  })
  const norms = [...gradients]
  return {
    theoretical: Number.isFinite(field) ? field : null,
    measured: reach,
    measuredWithin: text.length - place,
    influence: {
      places: places.length,
      norms,
      half: effectiveReach(norms, 0.5),
      most: effectiveReach(norms, 0.95),
    },
    loss: { places: places.length, contexts, losses },
  }
}

/** From 1 on, those below a number. */
function powersOfTwo(below: number): number[] {
  return Array.from({ length: Math.ceil(Math.log2(below)) }, (_, i) => 2 ** i)
}

async function drawnMaps({ parameters, config, ids }: Model, settled: Settled): Promise<AttentionMap[]> {
  const { from, mapTokens, mapLayers, mapHeads, kernels } = settled
  const to = Math.min(ids.length, from + mapTokens)
  const maps: AttentionMap[] = []
  for (const layer of mapLayers) {
    const band = await attentionWeights(parameters, config, ids, { layer, from, to, kernels })
    for (const head of mapHeads) {
      const rows = Array.from({ length: band.queries }, (_, query) => rowOf(band, head, query))
      maps.push({
        ...{ layer, head },
        queries: rows.map((_, query) => from + query),
        keys: rows.map(({ positions }) => positions),
        weights: rows.map(({ weights }) => weights),
      })
    }
  }
  return maps
}
