import type { PassPlan } from './pass.js'

/** Sizes of a tile and how a workgroup holds its scores. */
export interface TileShape {
  /** Rows of a tile: they stay with a workgroup. */
  rows: number
  /** Columns of a tile: they stream past. */
  columns: number
  /** Threads of a workgroup. */
  threads: number
  /** How many runs of four columns of the scores a thread holds. */
  held: number
  /** How many threads share a row of the scores. */
  sharing: number
  /** Bytes of workgroup memory. */
  workgroupBytes: number
}

/**
 * How a shader multiplies tiles. Each member is WGSL text; scores are held by threads as runs of four columns, run n of
 * a thread at row `row_n`, first column `column_n`, in `product_<i>_n`.
 */
export interface Arithmetic {
  /** Sizes. */
  shape: TileShape
  /** Whether it reads `largestGradient`, by which it scales the output's gradient into the range of f16. */
  scalesGradients: boolean
  /** Directives at the start of the file. */
  directives: string
  /** Module-scope declarations. */
  declarations: string
  /** At the start of `main`: where this thread stands, accumulators. */
  begin: string
  /** After the row operands are known: loads them, where they are kept. */
  loadRows: string
  /** Before the loop over columns: declares what `fetchColumns` sets. */
  declareColumns(count: number): string
  /** Begins to read the first `count` columns from index `first` on, zeros from `end` on. */
  fetchColumns(count: number, first: string, end: string): string
  /** Before a step's products: stages the columns fetched last; `summed` when weights meet them. Ends at a barrier. */
  stageColumns(count: number, summed: boolean): string
  /** The first `count` products, into `product_<i>_n`. */
  products(count: number): string
  /** `vec4<bool>` of columns that hold something not finite; false where `spread` sees to it. */
  poisoned(n: number): string
  /** Writes weights to workgroup memory and adds weights · columns to the sums. `weight_<i>_n` are given. */
  accumulate: string
  /** Reads weight 0 of a row and a column, after `accumulate`, as f32. */
  weightAt(row: string, column: string): string
  /** An f32 of scratch memory; may be used between `accumulate` and the next `products`. */
  scratch(index: string): string
  /** Writes the sums to their outputs. */
  finish: string
}

/** What both ways of multiplying need to know. */
export interface ArithmeticSettings {
  /** Size of a head. */
  headDim: number
  /** The pass. */
  plan: PassPlan
}

/** Lines of `count` repetitions. */
export function repeat(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n')
}

/**
 * Four elements of a row of a tile source from element `d` on, as an expression; zero beyond the head.
 *
 * @param binding - name of the source
 * @param headDim - size of a head
 * @param start - index of the row's first element, as an expression
 * @param d - element, as an expression, a multiple of four
 */
export function loadFour(binding: string, headDim: number, start: string, d: string): string {
  if (headDim % 4 === 0) return `${binding}[(${start} + ${d}) / 4]`
  const element = (i: number) => `element_${binding}(${start}, ${d} + ${i})`
  return `vec4<f32>(${[0, 1, 2, 3].map(element).join(', ')})`
}

/** Functions that `loadFour` calls. */
export function loadFunctions(bindings: readonly string[], headDim: number): string {
  if (headDim % 4 === 0) return ''
  const of = (binding: string) => `fn element_${binding}(start: i32, d: i32) -> f32 {
  if (d < ${headDim}) { return ${binding}[start + d]; }
  return 0.0;
}`
  return bindings.map(of).join('\n')
}

/** Writes four elements of a row of an output from element `d` on; nothing beyond the head. */
export function storeFour(binding: string, headDim: number, start: string, d: string, value: string): string {
  if (headDim % 4 === 0) return `if (${d} < ${headDim}) { ${binding}[(${start} + ${d}) / 4] = ${value}; }`
  const one = (i: number) => `if (${d} + ${i} < ${headDim}) { ${binding}[${start} + ${d} + ${i}] = stored[${i}]; }`
  return `{ let stored = ${value}; ${[0, 1, 2, 3].map(one).join(' ')} }`
}
