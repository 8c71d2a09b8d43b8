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
import { type MatrixTiling, type MatrixUnit, threadsOf } from './tiling.js'

/** Halves at the end of a row in workgroup memory: rows stay on multiples of 16 bytes and fall on different banks. */
const padding = 8

/**
 * WGSL of a product on matrix units. Tiles of both factors pass through workgroup memory as f16, lying as they do in
 * memory; the next ones are read into registers meanwhile. Sums stay in registers. A whole tile is stored to memory
 * from there, one at an edge through workgroup memory, as matrices have no elements to reach.
 *
 * @param product - the product
 * @param tiling - the tiling
 * @param unit - the device's matrix unit
 * @param edges - whether tiles may reach beyond the result
 * @param scaled - whether the result is multiplied by `problem.scale`
 */
export function matrixShader(
  product: Product,
  tiling: MatrixTiling,
  unit: MatrixUnit,
  { edges, scaled }: { edges: boolean; scaled: boolean },
): string {
  const { rows, columns, depth, subgroupRows, subgroupColumns, buffers, packed, unrolled } = tiling
  const { M, N, K, subgroupSize } = unit
  const { a, b } = factorsOf(product)
  const threads = threadsOf(tiling, subgroupSize)
  const subgroups = threads / subgroupSize
  const subgroupsAlongColumns = columns / subgroupColumns
  const [rowMatrices, columnMatrices] = [subgroupRows / M, subgroupColumns / N]
  const [stagedA, stagedB] = [stage(a, rows, tiling, threads), stage(b, columns, tiling, threads)]
  const direct = product.n % 4 === 0 && !scaled // else stores would not start at multiples of 16 bytes
  const throughMemory = edges || !direct

  const sum = (i: number, j: number) => `sum_${i}_${j}`
  const eachSum = (line: (i: number, j: number) => string) =>
    repeat(rowMatrices, (i) => repeat(columnMatrices, (j) => line(i, j)))
  const left = `subgroup_matrix_left<f16, ${K}, ${M}>`
  const right = `subgroup_matrix_right<f16, ${N}, ${K}>`
  const sums = `subgroup_matrix_result<f32, ${N}, ${M}>`

  /** One step of K; `at` is its place in the tile as an expression. */
  const multiply = (buffer: number, at: string) => `
    ${repeat(
      rowMatrices,
      (i) =>
        `let left_${i} = subgroupMatrixLoad<${left}, ${a.rowMajor ? 'row_major' : 'col_major'}>(&tile_a_${buffer}, ${stagedA.matrixAt('ownRow', i * M, at)}, ${stagedA.stride}u);`,
    )}
    ${repeat(
      columnMatrices,
      (j) => `{
      let right = subgroupMatrixLoad<${right}, ${b.rowMajor ? 'col_major' : 'row_major'}>(&tile_b_${buffer}, ${stagedB.matrixAt('ownColumn', j * N, at)}, ${stagedB.stride}u);
      ${repeat(rowMatrices, (i) => `${sum(i, j)} = subgroupMatrixMultiplyAccumulate(left_${i}, right, ${sum(i, j)});`)}
    }`,
    )}`
  const steps = depth / K
  const multiplyTile = (buffer: number) =>
    unrolled
      ? repeat(steps, (step) => `{ ${multiply(buffer, `${step * K}u`)} }`)
      : `for (var inner = 0u; inner < ${steps}u; inner++) {
      let at = inner * ${K}u;
      ${multiply(buffer, 'at')}
    }`

  /** One step of the loop: the next tiles are read while those of a buffer are multiplied, and staged in the next. */
  const stepThrough = (buffer: number) => `
    step++;
    depth += ${depth}u;
    let more_${buffer} = step < steps;
    if (more_${buffer}) {
      ${stagedA.fetch('firstRow')}
      ${stagedB.fetch('firstColumn')}
    }
    ${multiplyTile(buffer)}
    if (!more_${buffer}) { break; }
    ${buffers === 2 ? '' : 'workgroupBarrier();'}
    ${stagedA.store((buffer + 1) % buffers)}
    ${stagedB.store((buffer + 1) % buffers)}
    workgroupBarrier();`

  const storeDirectly = eachSum(
    (i, j) =>
      `subgroupMatrixStore<row_major>(&result, startOfResult + (firstRow + ownRow + ${i * M}u) * problem.n + firstColumn + ownColumn + ${j * N}u, ${sum(i, j)}, problem.n);`,
  )
  const storeThroughMemory = eachSum(
    (i, j) => `
    subgroupMatrixStore<row_major>(&scratch, subgroup * ${M * N}u, ${sum(i, j)}, ${N}u);
    workgroupBarrier();
    for (var e = local % ${subgroupSize}u; e < ${M * N}u; e += ${subgroupSize}u) {
      let row = firstRow + ownRow + ${i * M}u + e / ${N}u;
      let column = firstColumn + ownColumn + ${j * N}u + e % ${N}u;
      if (row < problem.m && column < problem.n) {
        result[startOfResult + row * problem.n + column] = problem.scale * scratch[subgroup * ${M * N}u + e];
      }
    }
    workgroupBarrier();`,
  )
  const whole = `firstRow + ${rows}u <= problem.m && firstColumn + ${columns}u <= problem.n`
  const store = !throughMemory
    ? storeDirectly
    : !direct
      ? storeThroughMemory
      : `if (${whole}) { ${storeDirectly} } else { ${storeThroughMemory} }`

  const element = (factor: Factor) => (packed ? 'vec4<u32>' : elementOf(factor))
  const fetchFunctions = [a, b].map((factor) => (packed ? fetchPacked(factor, tiling) : fetchFunction(factor, edges)))

  return `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
${bindings({ a: element(a), b: element(b), result: 'f32' })}
${repeat(buffers, (buffer) => `var<workgroup> tile_a_${buffer}: array<vec4<f16>, ${stagedA.size}>;`)}
${repeat(buffers, (buffer) => `var<workgroup> tile_b_${buffer}: array<vec4<f16>, ${stagedB.size}>;`)}
${throughMemory ? `var<workgroup> scratch: array<f32, ${subgroups * M * N}>;` : ''}
${placeVariables}

${fetchFunctions.join('\n')}

@compute @workgroup_size(${threads})
fn main(
  ${mainArguments},
) {
  ${placeOfTile(tiling, packed)}
  let subgroup = local / ${subgroupSize}u;
  let ownRow = subgroup / ${subgroupsAlongColumns}u * ${subgroupRows}u;
  let ownColumn = subgroup % ${subgroupsAlongColumns}u * ${subgroupColumns}u;
  ${eachSum((i, j) => `var ${sum(i, j)} = ${sums}();`)}
  ${stagedA.declare}
  ${stagedB.declare}
  var depth = firstDepth;
  ${stagedA.fetch('firstRow')}
  ${stagedB.fetch('firstColumn')}
  ${stagedA.store(0)}
  ${stagedB.store(0)}
  workgroupBarrier();
  let steps = ${stepCount(depth)};
  var step = 0u;
  loop {
    ${repeat(buffers, stepThrough)}
  }
  ${store}
}`
}

/** How a tile of a factor passes from memory to workgroup memory, and where its matrices are there. */
function stage({ name, rowMajor }: Factor, rows: number, { depth, packed }: MatrixTiling, threads: number) {
  const width = packed ? 8 : 4 // elements that a thread reads at a time
  const [outer, inner] = rowMajor ? [rows, depth] : [depth, rows]
  const stride = (inner + padding) / 4 // in vectors of four halves, as all places
  const turns = (rows * depth) / (width * threads)
  const perOuter = inner / width
  const piece = (turn: number) => `(local + ${turn * threads}u)`
  const across = (turn: number) => `${piece(turn)} / ${perOuter}u`
  const along = (turn: number) => `${piece(turn)} % ${perOuter}u * ${width}u`
  const ahead = (turn: number) => `ahead_${name}_${turn}`
  const size = outer * stride
  return {
    stride,
    size,
    declare: repeat(turns, (turn) => `var ${ahead(turn)} = vec4<${packed ? 'u32' : 'f32'}>();`),
    fetch: (first: string) =>
      repeat(turns, (turn) => {
        const [row, column] = rowMajor ? [across(turn), along(turn)] : [along(turn), across(turn)]
        return `${ahead(turn)} = fetch_${name}(${first} + ${row}, depth + ${column});`
      }),
    store: (buffer: number) =>
      repeat(turns, (turn) => {
        const at = `${across(turn)} * ${stride}u + ${along(turn)} / 4u`
        return packed
          ? `tile_${name}_${buffer}[${at}] = bitcast<vec4<f16>>(${ahead(turn)}.xy);
    tile_${name}_${buffer}[${at} + 1u] = bitcast<vec4<f16>>(${ahead(turn)}.zw);`
          : `tile_${name}_${buffer}[${at}] = vec4<f16>(${ahead(turn)});`
      }),
    matrixAt: (own: string, offset: number, at: string) => {
      const row = `(${own} + ${offset}u)`
      return rowMajor ? `${row} * ${stride}u + ${at} / 4u` : `${at} * ${stride}u + ${row} / 4u`
    },
  }
}

/** The same as `fetchFunction` for a factor that was copied as f16 and padded: eight neighbours, never beyond it. */
function fetchPacked({ name, rowMajor }: Factor, { rows, columns }: MatrixTiling): string {
  const count = name === 'a' ? `problem.rowTiles * ${rows}u` : `problem.columnTiles * ${columns}u`
  const offset = rowMajor ? 'row * problem.k + depth' : `depth * (${count}) + row`
  return `fn fetch_${name}(row: u32, depth: u32) -> vec4<u32> {
  return ${name}[(start_${name} + ${offset}) / 8u];
}`
}

/** Bytes of workgroup memory. */
export function matrixBytes(product: Product, tiling: MatrixTiling, { M, N, subgroupSize }: MatrixUnit): number {
  const { a, b } = factorsOf(product)
  const { rows, columns, depth, buffers } = tiling
  const halves = ({ rowMajor }: Factor, rows: number) =>
    rowMajor ? rows * (depth + padding) : depth * (rows + padding)
  const subgroups = threadsOf(tiling, subgroupSize) / subgroupSize
  return 2 * buffers * (halves(a, rows) + halves(b, columns)) + 4 * subgroups * M * N
}

/**
 * Whether a device's matrix unit and the threads of a workgroup divide a tiling.
 *
 * @param tiling - the tiling
 * @param unit - the unit
 */
export function fitsUnit(tiling: MatrixTiling, { M, N, K, subgroupSize }: MatrixUnit): boolean {
  const { rows, columns, depth, subgroupRows, subgroupColumns, packed } = tiling
  const inTurn = (packed ? 8 : 4) * threadsOf(tiling, subgroupSize)
  return (
    [subgroupRows % M, subgroupColumns % N, depth % K, rows % subgroupRows, columns % subgroupColumns].every(
      (rest) => rest === 0,
    ) &&
    (rows * depth) % inTurn === 0 &&
    (columns * depth) % inTurn === 0
  )
}
