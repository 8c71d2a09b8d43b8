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
 * meanwhile. A factor that lies by rows is read in blocks by a part of the threads, which takes four vectors of
 * registers; with `halves` the two factors' parts are different threads, so that both use the same registers.
 *
 * @param product - the product
 * @param tiling - the tiling
 * @param edges - whether tiles may reach beyond the factors
 */
export function scalarShader(product: Product, tiling: ScalarTiling, edges: boolean): string {
  const { rows, columns, depth, threadRows, threadColumns, halves } = tiling
  const { a, b } = factorsOf(product)
  const threads = threadsOf(tiling, 0)
  const threadsAlongColumns = columns / threadColumns
  const [rowRuns, columnRuns] = [threadRows / 4, threadColumns / 4]
  const [strideA, strideB] = [rows, columns].map((length) => length / 4 + padding)
  const rowStep = (rows / threadRows) * 4
  const columnStep = threadsAlongColumns * 4
  const vectors = product.n % 4 === 0
  const readers = halves ? threads / 2 : threads
  const stagedA = stage(a, rows, depth, readers, strideA)
  const stagedB = stage(b, columns, depth, readers, strideB)
  const vectorsAhead = halves ? Math.max(stagedA.vectors, stagedB.vectors) : stagedA.vectors + stagedB.vectors
  const offsetOfB = halves ? 0 : stagedA.vectors
  const both = (ofA: string, ofB: string) =>
    halves ? `if (local < ${readers}u) { ${ofA} } else { ${ofB} }` : `${ofA}\n${ofB}`
  const fetch = both(stagedA.fetch('firstRow', 0), stagedB.fetch('firstColumn', offsetOfB))

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
  ${placeOfThread(tiling)}
  ${halves ? `let reader = local % ${readers}u;` : 'let reader = local;'}
  let column = firstColumn + threadColumn;
  ${repeat(threadRows, (row) => repeat(columnRuns, (run) => `var ${sum(row, run)} = vec4<f32>();`))}
  ${repeat(vectorsAhead, (i) => `var ahead_${i} = vec4<f32>();`)}
  var depth = firstDepth;
  ${fetch}
  let steps = ${stepCount(depth)};
  for (var step = 0u; step < steps; step++) {
    ${both(stagedA.store(0), stagedB.store(offsetOfB))}
    workgroupBarrier();
    depth += ${depth}u;
    if (step + 1u < steps) {
      ${fetch}
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

/** Which four rows and columns of the tile a thread begins with. */
function placeOfThread({ columns, threadColumns, squares }: ScalarTiling): string {
  const along = columns / threadColumns
  if (!squares) {
    return `let threadRow = local / ${along}u * 4u;
  let threadColumn = local % ${along}u * 4u;`
  }
  return `let square = local / 32u;
  let threadRow = (square / ${along / 8}u * 4u + local % 32u / 8u) * 4u;
  let threadColumn = (square % ${along / 8}u * 8u + local % 8u) * 4u;`
}

/**
 * How threads read a tile of a factor and write it to workgroup memory, columns of the factor first. A factor that lies
 * in memory by rows is read in blocks of four by four and turned round in registers.
 */
function stage({ name, rowMajor }: Factor, rows: number, depth: number, readers: number, stride: number) {
  const size = rowMajor ? 4 : 1 // vectors of a piece
  const pieces = (rows * depth) / (4 * size)
  const turns = Math.ceil(pieces / readers)
  const guarded = (turn: number, lines: string) =>
    (turn + 1) * readers <= pieces ? lines : `if (reader < ${pieces - turn * readers}u) { ${lines} }`
  // Eight neighbours of a column of blocks, then the next column: whole sectors of memory are read, and the rows that
  // are written fall on different banks.
  const neighbours = Math.min(8, rows / 4)
  const blockRow = (piece: string) =>
    `(${piece} % ${neighbours}u + ${piece} / ${(neighbours * depth) / 4}u * ${neighbours}u)`
  const blockColumn = (piece: string) => `(${piece} / ${neighbours}u % ${depth / 4}u)`
  const piece = (turn: number) => `(reader + ${turn * readers}u)`
  const perDepth = rows / 4
  return {
    /** Vectors that a thread reads ahead. */
    vectors: turns * size,
    /** Reads them into the variables `ahead_` from `offset` on. */
    fetch: (first: string, offset: number) =>
      repeat(turns, (turn) =>
        guarded(
          turn,
          rowMajor
            ? repeat(4, (i) => {
                const row = `${first} + ${blockRow(piece(turn))} * 4u + ${i}u`
                const column = `depth + ${blockColumn(piece(turn))} * 4u`
                return `ahead_${offset + 4 * turn + i} = fetch_${name}(${row}, ${column});`
              })
            : `ahead_${offset + turn} = fetch_${name}(${first} + ${piece(turn)} % ${perDepth}u * 4u, depth + ${piece(turn)} / ${perDepth}u);`,
        ),
      ),
    store: (offset: number) =>
      repeat(turns, (turn) =>
        guarded(
          turn,
          rowMajor
            ? repeat(4, (i) => {
                const turned = [0, 1, 2, 3].map((j) => `ahead_${offset + 4 * turn + j}[${i}]`)
                const at = `(${blockColumn(piece(turn))} * 4u + ${i}u) * ${stride}u + ${blockRow(piece(turn))}`
                return `tile_${name}[${at}] = vec4<f32>(${turned.join(', ')});`
              })
            : `tile_${name}[${piece(turn)} / ${perDepth}u * ${stride}u + ${piece(turn)} % ${perDepth}u] = ahead_${offset + turn};`,
        ),
      ),
  }
}

/** Bytes of workgroup memory. */
export function scalarBytes({ rows, columns, depth }: ScalarTiling): number {
  return 16 * depth * (rows / 4 + columns / 4 + 2 * padding)
}
