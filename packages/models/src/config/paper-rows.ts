import { SwatError } from '@swat-js/tensor-core'
import type { SlopesConfig, SwatConfigInput } from './swat-config.js'

/** A row of SWAT Table 2 or 3 by its table and label or number. */
export type PaperRowName =
  | `table2-${'vanilla-a' | 'sliding-a' | 'vanilla-b' | 'sliding-b' | 'vanilla-c' | 'vanilla-d'}`
  | `table3-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11}`

/** How a row of SWAT Table 2 or 3 is trained and evaluated. */
export interface PaperRow {
  /** Tokens of a training sequence. */
  trainLength: number
  /** With which windows the paper evaluates it, and on which lengths. */
  evaluations: readonly {
    /** Keys that a query sees in this evaluation, itself included: `swat eval --set model.window=…`. */
    window: number
    /** Tokens of the evaluated texts. */
    lengths: readonly number[]
  }[]
}

interface Row extends PaperRow {
  model: Partial<SwatConfigInput>
}

type Position = 'rope' | readonly [recency: number, remote: number] // of twelve heads

const lengthsOfTable2 = [128, 1024, 4096, 16384]

/** A model of Table 2: softmax with RoPE; "vanilla" sees as far as its training sequences are long. */
function table2(window: number, trainLength: number, evalWindows: number[] = [window]): Row {
  const evaluations = evalWindows.map((window) => ({ window, lengths: lengthsOfTable2 }))
  return { model: { window, activation: 'softmax', slopes: 'none' }, trainLength, evaluations }
}

/** A model of Table 3: its losses are those at length 16,384 (spec 6.3). */
function table3(
  activation: 'softmax' | 'sigmoid',
  position: Position,
  window: number,
  trainLength: number,
  withRope = position === 'rope',
): Row {
  const slopes: SlopesConfig =
    position === 'rope' ? 'none' : { recency: position[0], remote: position[1], rule: 'global' }
  const model = { window, activation, slopes, ...(!withRope && { rope: null }) }
  return { model, trainLength, evaluations: [{ window, lengths: [16384] }] }
}

const rows: Record<PaperRowName, Row> = {
  'table2-vanilla-a': table2(128, 128),
  'table2-sliding-a': table2(128, 1024),
  'table2-vanilla-b': table2(1024, 1024, [128, 1024, 16384]),
  'table2-sliding-b': table2(1024, 4096),
  'table2-vanilla-c': table2(4096, 4096),
  'table2-vanilla-d': table2(16384, 16384),
  'table3-1': table3('softmax', 'rope', 128, 128),
  'table3-2': table3('sigmoid', 'rope', 128, 128),
  'table3-3': table3('softmax', 'rope', 128, 1024),
  'table3-4': table3('sigmoid', [12, 0], 128, 1024),
  'table3-5': table3('sigmoid', [8, 4], 128, 1024),
  'table3-6': table3('sigmoid', [6, 6], 128, 1024),
  'table3-7': table3('sigmoid', [6, 6], 128, 2048),
  'table3-8': table3('sigmoid', [6, 6], 128, 1024, true),
  'table3-9': table3('sigmoid', [6, 6], 1024, 1024, true),
  'table3-10': table3('softmax', 'rope', 1024, 1024),
  'table3-11': table3('sigmoid', [12, 0], 1024, 1024),
}

/** The analysis model of the paper (spec 4.3). */
export const analysisModel: SwatConfigInput = {
  vocabSize: 50304,
  hiddenSize: 768,
  layers: 24,
  heads: 12,
  window: 128,
  tied: false,
  normEpsilon: 1e-5,
}

/** The same for one machine and byte-level text: all windows and lengths an eighth, half of the heads (spec 6.4). */
const smallModel: SwatConfigInput = {
  ...{ vocabSize: 256, hiddenSize: 192, layers: 6, heads: 6, window: 16, tied: false, normEpsilon: 1e-5 },
}
const scale = 8

/** The names of all rows, in the order of the tables. */
export const paperRowNames = Object.keys(rows) as readonly PaperRowName[]

/** The ending of the names of small models. */
const smallEnding = '-small'

/** The rows' names and those of their small models, with the models. */
export function paperRowModels(): [name: PaperRowName | `${PaperRowName}-small`, model: SwatConfigInput][] {
  return paperRowNames.flatMap((name) => {
    const { model } = rows[name]
    return [
      [name, { ...analysisModel, ...model }],
      [`${name}${smallEnding}`, { ...smallModel, ...smaller(model) }],
    ]
  })
}

function smaller({ window, slopes, ...model }: Partial<SwatConfigInput>): Partial<SwatConfigInput> {
  const halved =
    typeof slopes === 'object' && !Array.isArray(slopes)
      ? { ...slopes, recency: slopes.recency / 2, remote: slopes.remote / 2 }
      : slopes
  return { ...model, window: (window as number) / scale, slopes: halved }
}

/**
 * How a row of SWAT Table 2 or 3 is trained and evaluated; its model is the preset of that name.
 *
 * @param name - a row, or with the ending `-small` its small model (spec 6.4)
 * @returns lengths and windows; null where `name` is no row
 * @throws SwatError `config` when `name` begins like a row but is none
 */
export function paperRow(name: string): PaperRow | null {
  const isSmall = name.endsWith(smallEnding)
  const base = isSmall ? name.slice(0, -smallEnding.length) : name
  if (!Object.hasOwn(rows, base)) {
    if (!/^table[23]-/.test(name)) return null
    throw new SwatError('config', `paperRow: there is no row '${name}'. Choose one of ${paperRowNames.join(', ')}.`)
  }
  const { trainLength, evaluations } = rows[base as PaperRowName]
  const divisor = isSmall ? scale : 1
  return {
    trainLength: trainLength / divisor,
    evaluations: evaluations.map(({ window, lengths }) => ({
      window: window / divisor,
      lengths: lengths.map((length) => length / divisor),
    })),
  }
}
