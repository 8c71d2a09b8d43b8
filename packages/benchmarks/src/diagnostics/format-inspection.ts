import { alignColumns, type Column } from '../report/align-columns.js'
import { significant, thousands } from '../report/numbers.js'
import { median } from '../timing/median.js'
import type {
  HeadInspection,
  Inspection,
  LayerInspection,
  ReceptiveFieldInspection,
  SinkInspection,
} from './inspection.js'

/**
 * An inspection as text: tables, each with what its columns mean.
 *
 * @param inspection - of `inspectModel`
 * @returns lines
 */
export function formatInspection(inspection: Inspection): string {
  const { stretch, layers, sinks, receptiveField, textTokens } = inspection
  return [
    `Attention of ${thousands(stretch.to - stretch.from)} tokens, from token ${thousands(stretch.from)} of ` +
      `${thousands(textTokens)} on: means over the queries with a full window, else over all from the second on`,
    ...alignColumns(headColumns(inspection), layers.flatMap(rowsOfLayer), 0),
    'keys even: e^entropy, as many keys with even weights would be as spread out. top: share of the largest weight.',
    'below 1 %: share of the keys with less than 1 % of the largest weight. sum: of the weights of a query.',
    ...(layers.some(({ heads }) => heads.some(({ largestLogit }) => largestLogit)) ? [largestNote] : []),
    '',
    'Variance of tokens over channels, as they enter each layer, beside the attention they receive there',
    ...alignColumns(varianceColumns(stretch.from), layers, 0),
    'r: correlation along a line (Pearson). ρ: of the order (Spearman). Attention: mean over heads and over the queries',
    'that see the token.',
    '',
    ...(sinks ? formatSinks(sinks) : ['Attention sinks: the text is too short for a sequence.']),
    '',
    ...formatReceptiveField(receptiveField),
  ].join('\n')
}

interface HeadRow extends HeadInspection {
  layer: LayerInspection
}

function rowsOfLayer(layer: LayerInspection): HeadRow[] {
  return layer.heads.map((head) => ({ ...head, layer }))
}

const largestNote =
  'largest: how far the largest logit is above the mean; formula: σ·√(2 ln keys), what independent normal logits tend to.'

function headColumns({ model }: Inspection): Column<HeadRow>[] {
  const columns: Column<HeadRow>[] = [
    ['layer', ({ layer }) => String(layer.layer)],
    ['head', ({ head }) => String(head)],
    ['keys', ({ statistics }) => significant(statistics.keys)],
    ['sum', ({ statistics }) => significant(statistics.sum)],
    ['mean', ({ statistics }) => significant(statistics.mean)],
    ['entropy', ({ statistics }) => `${significant(statistics.entropy)} nats`],
    ['of most', ({ statistics }) => percent(statistics.normalisedEntropy)],
    ['keys even', ({ statistics }) => significant(statistics.effectiveKeys)],
    ['1/Σp²', ({ statistics }) => significant(statistics.participationRatio)],
    ['top', ({ statistics }) => percent(statistics.topShare)],
    ['Gini', ({ statistics }) => significant(statistics.gini)],
    ['below 1 %', ({ statistics }) => percent(statistics.shareBelow)],
  ]
  if (model.activation !== 'softmax') return columns
  return [
    ...columns,
    ['largest', ({ largestLogit }) => (largestLogit ? significant(largestLogit.gap) : '–')],
    ['formula', ({ largestLogit }) => (largestLogit ? significant(largestLogit.predictedGap) : '–')],
  ]
}

function varianceColumns(from: number): Column<LayerInspection>[] {
  return [
    ['layer', ({ layer }) => String(layer)],
    ['window', ({ window }) => (window === null ? 'none' : thousands(window))],
    ['median variance', ({ variance }) => significant(median(variance))],
    ['largest', ({ variance }) => significant(Math.max(...variance))],
    ['at token', ({ variance }) => thousands(from + variance.indexOf(Math.max(...variance)))],
    ['r', ({ correlation }) => decimals(correlation.pearson)],
    ['ρ', ({ correlation }) => decimals(correlation.spearman)],
    ['r by head', ({ heads }) => heads.map(({ correlation }) => decimals(correlation.pearson)).join(' ')],
  ]
}

function formatSinks(sinks: SinkInspection): string[] {
  const { sequences, length, epsilon, normalisedRows, layers } = sinks
  const rows = [...layers.map((layer, i) => ({ name: String(i), ...layer })), { name: 'all', ...sinks }]
  type Row = (typeof rows)[number]
  const columns: Column<Row>[] = [
    ['layer', ({ name }) => name],
    ['first token', ({ first }) => percent(first)],
    ['where visible', ({ firstWhereVisible }) => percent(firstWhereVisible)],
    ['first in window', ({ firstInWindow }) => percent(firstInWindow)],
  ]
  return [
    `Attention sinks: share of the heads that give a key more than ${epsilon} of their attention, over ` +
      `${sequences} sequences of ${length} tokens${normalisedRows ? ', each query’s weights divided by their sum' : ''}`,
    ...alignColumns(columns, rows, 0),
    'where visible: counted over the queries that see it. first in window: the first key that each query still sees there.',
  ]
}

function formatReceptiveField(field: ReceptiveFieldInspection): string[] {
  const { theoretical, measured, measuredWithin, influence, loss } = field
  const limit = theoretical === null ? 'no limit' : `1 + Σ (window − 1) = ${thousands(theoretical)}`
  const ends = measured === measuredWithin ? ', as far as the text goes' : ''
  const context = influence.norms.length
  const rows = loss.contexts.map((given, i) => ({ given, loss: loss.losses[i] }))
  const best = loss.losses[loss.losses.length - 1]
  return [
    'Receptive field, in tokens with the predicting one included',
    `by the windows: ${limit}`,
    `by changing a token: ${thousands(measured)} outputs change${ends}`,
    `by gradients: half of the influence comes from the last ${thousands(influence.half + 1)}, 95 % from the last ` +
      `${thousands(influence.most + 1)}, of ${thousands(context)} looked at, at ${influence.places} places`,
    `by loss, at ${loss.places} places:`,
    ...alignColumns<(typeof rows)[number]>(
      [
        ['tokens given', ({ given }) => thousands(given)],
        ['loss', ({ loss }) => `${loss.toFixed(4)} nats`],
        ['above the last', ({ loss }) => `${loss < best ? '−' : '+'}${Math.abs(loss - best).toFixed(4)}`],
      ],
      rows,
      -1,
    ),
  ]
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`
}

function decimals(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2)
}
