import { type Factor, factorsOf, type Product } from './product.js'
import {
  bindings,
  elementOf,
  fetchFunction,
  mainArguments,
  placeOfTile,
  placeVariables,
  repeat,
  stepCount,
} from './staging.js'
import { type ScalarTiling, threadsOf } from './tiling.js'

/** Vectors that keep columns of the staged tiles from falling on the same memory banks. */
const padding = 1

/**
 * WGSL of a product in float32. Tiles of both factors pass through workgroup memory, columns first; a thread reads four
 * rows and four columns at a time from there, and multiplies each with each. The next tiles are read into registers
 * meanwhile.
 *
 * @param product - the product
 * @param tiling - the tiling
 * @param edges - whether tiles may reach beyond the factors
 */
export function scalarShader(product: Product, tiling: ScalarTiling, edges: boolean): string {
  const { rows, columns, depth, threadRows, threadColumns } = tiling
  const { a, b } = factorsOf(product)
  const threads = threadsOf(tiling, 0)
  const threadsAlongColumns = columns / threadColumns
  const [rowRuns, columnRuns] = [threadRows / 4, threadColumns / 4]
  const [strideA, strideB] = [rows, columns].map((length) => length / 4 + padding)
  const rowStep = (rows / threadRows) * 4
  const columnStep = threadsAlongColumns * 4
  const vectors = product.n % 4 === 0
  const stagedA = stage(a, rows, depth, threads, strideA)
  const stagedB = stage(b, columns, depth, threads, strideB)

  const sum = (row: number, run: number) => `sum_${row}_${run}`
  const stores = repeat(threadRows, (row) => {
    const store = repeat(columnRuns, (run) => {
      const value = `problem.scale * ${sum(row, run)}`
      const column = `column + ${run * columnStep}u`
      if (vectors) {
        const write = `result[(start + ${column}) / 4u] = ${value};`
        return edges ? `if (${column} < problem.n) { ${write} }` : write
      }
      const ones = [0, 1, 2, 3].map((i) => {
        return `if (${column} + ${i}u < problem.n) { result[start + ${column} + ${i}u] = four[${i}]; }`
      })
      return `{ let four = ${value}; ${ones.join(' ')} }`
    })
    return `  {
    let row = firstRow + threadRow + ${Math.floor(row / 4) * rowStep + (row % 4)}u;
    let start = startOfResult + row * problem.n;
    ${edges ? `if (row < problem.m) { ${store} }` : store}
  }`
  })

  return `${bindings({ a: elementOf(a), b: elementOf(b), result: vectors ? 'vec4<f32>' : 'f32' })}
var<workgroup> tile_a: array<vec4<f32>, ${depth * strideA}>;
var<workgroup> tile_b: array<vec4<f32>, ${depth * strideB}>;
${placeVariables}

${fetchFunction(a, edges)}
${fetchFunction(b, edges)}

@compute @workgroup_size(${threads})
fn main(
  ${mainArguments},
) {
  ${placeOfTile(tiling)}
  let threadRow = local / ${threadsAlongColumns}u * 4u;
  let threadColumn = local % ${threadsAlongColumns}u * 4u;
  let column = firstColumn + threadColumn;
  ${repeat(threadRows, (row) => repeat(columnRuns, (run) => `var ${sum(row, run)} = vec4<f32>();`))}
  ${stagedA.declare}
  ${stagedB.declare}
  var depth = firstDepth;
  ${stagedA.fetch('firstRow')}
  ${stagedB.fetch('firstColumn')}
  let steps = ${stepCount(depth)};
  for (var step = 0u; step < steps; step++) {
    ${stagedA.store}
    ${stagedB.store}
    workgroupBarrier();
    depth += ${depth}u;
    if (step + 1u < steps) {
      ${stagedA.fetch('firstRow')}
      ${stagedB.fetch('firstColumn')}
    }
    for (var i = 0u; i < ${depth}u; i++) {
      ${repeat(rowRuns, (run) => `let a_${run} = tile_a[i * ${strideA}u + threadRow / 4u + ${(run * rowStep) / 4}u];`)}
      ${repeat(columnRuns, (run) => `let b_${run} = tile_b[i * ${strideB}u + threadColumn / 4u + ${(run * columnStep) / 4}u];`)}
      ${repeat(threadRows, (row) =>
        repeat(columnRuns, (run) => `${sum(row, run)} += a_${Math.floor(row / 4)}[${row % 4}] * b_${run};`),
      )}
    }
    workgroupBarrier();
  }
  ${stores}
}`
}

/**
 * How threads read a tile of a factor and write it to workgroup memory, columns of the factor first. A factor that lies
 * in memory by rows is read in blocks of four by four and turned round in registers.
 */
function stage({ name, rowMajor }: Factor, rows: number, depth: number, threads: number, stride: number) {
  const size = rowMajor ? 4 : 1 // vectors of a piece
  const pieces = (rows * depth) / (4 * size)
  const turns = Math.ceil(pieces / threads)
  const ahead = (turn: number, i: number) => `ahead_${name}_${turn}_${i}`
  const guarded = (turn: number, lines: string) =>
    (turn + 1) * threads <= pieces ? lines : `if (local < ${pieces - turn * threads}u) { ${lines} }`
  // Eight neighbours of a column of blocks, then the next column: whole sectors of memory are read, and the rows that
  // are written fall on different banks.
  const neighbours = Math.min(8, rows / 4)
  const blockRow = (piece: string) =>
    `(${piece} % ${neighbours}u + ${piece} / ${(neighbours * depth) / 4}u * ${neighbours}u)`
  const blockColumn = (piece: string) => `(${piece} / ${neighbours}u % ${depth / 4}u)`
  const piece = (turn: number) => `(local + ${turn * threads}u)`
  const perDepth = rows / 4
  return {
    declare: repeat(turns, (turn) => repeat(size, (i) => `var ${ahead(turn, i)} = vec4<f32>();`)),
    fetch: (first: string) =>
      repeat(turns, (turn) =>
        guarded(
          turn,
          rowMajor
            ? repeat(4, (i) => {
                const row = `${first} + ${blockRow(piece(turn))} * 4u + ${i}u`
                return `${ahead(turn, i)} = fetch_${name}(${row}, depth + ${blockColumn(piece(turn))} * 4u);`
              })
            : `${ahead(turn, 0)} = fetch_${name}(${first} + ${piece(turn)} % ${perDepth}u * 4u, depth + ${piece(turn)} / ${perDepth}u);`,
        ),
      ),
    store: repeat(turns, (turn) =>
      guarded(
        turn,
        rowMajor
          ? repeat(4, (i) => {
              const turned = [0, 1, 2, 3].map((j) => `${ahead(turn, j)}[${i}]`)
              const at = `(${blockColumn(piece(turn))} * 4u + ${i}u) * ${stride}u + ${blockRow(piece(turn))}`
              return `tile_${name}[${at}] = vec4<f32>(${turned.join(', ')});`
            })
          : `tile_${name}[${piece(turn)} / ${perDepth}u * ${stride}u + ${piece(turn)} % ${perDepth}u] = ${ahead(turn, 0)};`,
      ),
    ),
  }
}

/** Bytes of workgroup memory. */
export function scalarBytes({ rows, columns, depth }: ScalarTiling): number {
  return 16 * depth * (rows / 4 + columns / 4 + 2 * padding)
}
