import type { Factor } from './product.js'

/** Tile rows that are computed one beside the other, so that workgroups at work together share what the cache holds. */
const bandRows = 16

/** What every product's shader is told. */
export const problemStruct = `struct Problem {
  m: u32,
  n: u32,
  k: u32,
  partDepth: u32,
  rowTiles: u32,
  columnTiles: u32,
  parts: u32,
  scale: f32,
}`

/** Lines of `count` repetitions. */
export function repeat(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n')
}

/**
 * Bindings of the factors in float32, of the result and of the problem.
 *
 * @param types - types of an element of each binding
 */
export function bindings(types: { a: string; b: string; result: string }): string {
  return `${problemStruct}
@group(0) @binding(0) var<storage, read> a: array<${types.a}>;
@group(0) @binding(1) var<storage, read> b: array<${types.b}>;
@group(0) @binding(2) var<storage, read_write> result: array<${types.result}>;
@group(0) @binding(3) var<uniform> problem: Problem;`
}

/** Type of an element of a factor's binding. */
export function elementOf({ vectors }: Factor): string {
  return vectors ? 'vec4<f32>' : 'f32'
}

/** Sizes of a tile of the result. */
interface TileSize {
  rows: number
  columns: number
}

/**
 * At the start of `main`: which tile, part and product of the batch this workgroup computes.
 *
 * @param size - of a tile
 * @param padded - whether the factors are padded to whole tiles
 */
export function placeOfTile({ rows, columns }: TileSize, padded = false): string {
  return `
  let tile = group.y * problem.columnTiles + group.x;
  let inBand = tile % (${bandRows}u * problem.columnTiles);
  let firstRowTile = tile / (${bandRows}u * problem.columnTiles) * ${bandRows}u;
  let bandTiles = min(${bandRows}u, problem.rowTiles - firstRowTile);
  let firstRow = (firstRowTile + inBand % bandTiles) * ${rows}u;
  let firstColumn = inBand / bandTiles * ${columns}u;
  ${placeOfPart}
  start_a = batch * ${padded ? `problem.rowTiles * ${rows}u` : 'problem.m'} * problem.k;
  start_b = batch * ${padded ? `problem.columnTiles * ${columns}u` : 'problem.n'} * problem.k;
  let startOfResult = (part * batches + batch) * problem.m * problem.n;`
}

/** The third axis of the dispatch: which product of the batch, and which part of its inner products. */
export const placeOfPart = `let part = group.z % problem.parts;
  let batch = group.z / problem.parts;
  let batches = groups.z / problem.parts;
  let firstDepth = part * problem.partDepth;
  let end = min(problem.k, firstDepth + problem.partDepth);
  endDepth = end;`

/**
 * A function that reads four neighbours of a factor, zeros beyond it: along its row where that is how it lies in
 * memory, else along its column. What lies beyond is not multiplied by zero but never looked at, as it may be NaN.
 *
 * @param factor - the factor
 * @param edges - whether tiles may reach beyond it
 */
export function fetchFunction({ name, rowMajor, vectors }: Factor, edges: boolean): string {
  const count = `problem.${name === 'a' ? 'm' : 'n'}`
  const offset = `start_${name} + ${rowMajor ? 'row * problem.k + depth' : `depth * ${count} + row`}`
  const inside = (i: number) => `row + ${rowMajor ? 0 : i}u < ${count} && depth + ${rowMajor ? i : 0}u < endDepth`
  const guarded = (zero: string, index: string, i: number) => `  let inside_${i} = ${inside(i)};
  let value_${i} = select(${zero}, ${name}[select(0u, ${index}, inside_${i})], inside_${i});`
  const lines = vectors
    ? edges
      ? [guarded('vec4<f32>()', `(${offset}) / 4u`, 0), '  return value_0;']
      : [`  return ${name}[(${offset}) / 4u];`]
    : [
        repeat(4, (i) => guarded('0.0', `${offset} + ${i}u`, i)),
        '  return vec4<f32>(value_0, value_1, value_2, value_3);',
      ]
  return `fn fetch_${name}(row: u32, depth: u32) -> vec4<f32> {
${lines.join('\n')}
}`
}

/** Variables of a thread that `placeOfTile` sets and `fetch` functions read. */
export const placeVariables = `var<private> start_a: u32;
var<private> start_b: u32;
var<private> endDepth: u32;`

/** Arguments of `main` that `placeOfTile` needs. */
export const mainArguments = `@builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32`

/**
 * Number of steps of `depth` in the part between `firstDepth` and `end`, as an expression. A loop whose counter is an
 * index counts one by one from 0: of such a counter Dawn's compiler knows the range, and where that proves an access to
 * be within its array, it leaves out the check. A check of a matrix load also makes its stride a variable.
 */
export function stepCount(depth: number): string {
  return `(end - firstDepth + ${depth - 1}u) / ${depth}u`
}
