import { type Arithmetic, type ArithmeticSettings, loadFour, repeat, storeFour } from './arithmetic.js'
import type { TileSource } from './pass.js'

/** Sizes of the device's matrix units and of the subgroups that drive them. */
export interface MatrixUnit {
  /** Rows of a product. */
  M: number
  /** Columns of a product. */
  N: number
  /** Length of its inner products. */
  K: number
  /** Threads of a subgroup. */
  subgroupSize: number
}

/** Sizes of a tile, to tune. */
export interface MatrixTiling {
  /** Rows of a tile; a multiple of the unit's M. */
  rows: number
  /** Columns of a tile; a multiple of the unit's N and K and of 4. */
  columns: number
  /** How many times M rows a subgroup owns: what it loads of the columns, it uses for all of them. */
  bands: number
}

/** Attention weights are at most 1; as f16 they are held this much larger, so that small ones keep their digits. */
const weightScale = 2 ** 15

/**
 * The same for gradients of logits, once the output's gradient is scaled to about 1. They are cut off beyond f16, at
 * 1,023 times the largest output gradient, which takes values of several hundred.
 */
const logitGradientScale = 2 ** 6
const largestHalf = 65504

/**
 * A power of two that brings the output's gradient to about 1, and its inverse. For a gradient of zeros or below 2⁻¹¹¹
 * it stops at 2¹¹¹, where its product with the scale of a weight is still finite and the inverse's still normal.
 */
const gradientScales = `let exponent = clamp((largestGradient[0] >> 23u) & 255u, 16u, 253u);
  let gradientScale = bitcast<f32>((254u - exponent) << 23u);
  let gradientUnscale = bitcast<f32>(exponent << 23u);`

/**
 * Subgroup matrices with f16 operands and f32 sums. Each subgroup owns M rows: their operands stay in its registers as
 * fragments, columns pass through workgroup memory as f16. Fragments have no elements to reach, so scores go through
 * workgroup memory, too.
 */
export function matrixArithmetic(
  { headDim, plan }: ArithmeticSettings,
  unit: MatrixUnit,
  tiling: MatrixTiling,
): Arithmetic | null {
  const { M, N, K, subgroupSize } = unit
  const { rows, columns, bands } = tiling
  const step = Math.max(N, K, 4)
  const depth = Math.ceil(headDim / step) * step // the head, padded
  const threads = (rows / (M * bands)) * subgroupSize
  const vectors = columns / 4 // of a row of scores
  const held = (rows * vectors) / threads
  if (!Number.isInteger(held) || (columns * depth) % (4 * threads) !== 0) return null // threads would share unevenly
  const operandStride = (depth + 8) / 4 // in vectors of four, padded against bank conflicts
  const scoreStride = (columns + 4) / 4
  const weightStride = (columns + 8) / 4
  const [depthTiles, outputTiles, columnTiles, sumTiles] = [depth / K, depth / N, columns / N, columns / K]
  const words = 4 // 16 bytes: matrix loads need their arrays to start at multiples of that
  const products = plan.rows.length
  const outputRun = Math.min(columns, depth) // elements of the outputs that fit in a row of scores

  const gradients = plan.rows.length > 1
  const isGradient = ({ binding }: TileSource) => binding === 'outputGradient'
  const staged = (source: TileSource, value: string) => (isGradient(source) ? `${value} * gradientScale` : value)
  const scaleOfWeight = (k: number) =>
    plan.sums[k].weight === 'attention' ? `${weightScale}.0` : `(${logitGradientScale}.0 * gradientScale)`
  const half = (k: number, weight: string) => {
    if (plan.sums[k].weight === 'attention') return `${weight} * ${weightScale}.0`
    const scaled = `(${weight} * ${scaleOfWeight(k)})`
    return `select(${scaled}, clamp(${scaled}, vec4<f32>(-${largestHalf}.0), vec4<f32>(${largestHalf}.0)), abs(${scaled}) > vec4<f32>(${largestHalf}.0))`
  }
  const stagedRows = Math.max(2 * columns, rows)
  const sanitised = new Set(plan.sums.map(({ of }) => of))
  const start = ({ along }: TileSource, index: string) =>
    along === 'queries' ? `queryBase + (${index}) * queryStride` : `keyBase + (${index}) * keyStride`

  const vectorsOfRow = depth / 4
  const inHead = depth === headDim ? '' : ` && d < ${headDim}`
  const store = (offset: number, e: string, value: string) =>
    `operands[${offset} + (${e}) / ${vectorsOfRow} * ${operandStride} + (${e}) % ${vectorsOfRow}] = vec4<f16>(${value});`

  const stageRowsOf = (source: TileSource) => `
  for (var e = i32(local); e < ${rows * vectorsOfRow}; e += ${threads}) {
    let index = firstRow + e / ${vectorsOfRow};
    let d = e % ${vectorsOfRow} * 4;
    var four = vec4<f32>();
    if (index < endRow${inHead}) {
      let start = ${start(source, 'index')};
      four = ${staged(source, loadFour(source.binding, headDim, 'start', 'd'))};
    }
    ${store(0, 'e', 'four')}
  }`

  // Columns are read a step ahead into registers, so that memory answers while the tile before is multiplied.
  const ahead = (columns * vectorsOfRow) / threads
  const element = (i: number) => `i32(local) + ${i * threads}`
  const fetch = (source: TileSource, k: number, first: string, end: string) =>
    repeat(
      ahead,
      (i) => `  {
    let index = ${first} + (${element(i)}) / ${vectorsOfRow};
    let d = (${element(i)}) % ${vectorsOfRow} * 4;
    ahead_${k}_${i} = vec4<f32>();
    if (index < ${end}${inHead}) {
      let start = ${start(source, 'index')};
      ahead_${k}_${i} = ${staged(source, loadFour(source.binding, headDim, 'start', 'd'))};
    }
  }`,
    )
  const stage = (k: number, clean: boolean) =>
    repeat(ahead, (i) => {
      const guard = `  {
    let broken = !(abs(ahead_${k}_${i}) < vec4<f32>(65520.0));
    if (any(broken)) {
      ahead_${k}_${i} = select(ahead_${k}_${i}, vec4<f32>(), broken);
      let column = (${element(i)}) / ${vectorsOfRow};
      atomicOr(&poison[column / 32], 1u << u32(column % 32));
    }
  }`
      return `${clean ? guard : ''}\n  ${store(k * columns * operandStride, element(i), `ahead_${k}_${i}`)}`
    })

  const fragment = (k: number, t: number, b: number) => `fragment_${k}_${t}_${b}`
  const sum = (k: number, n: number, b: number) => `sum_${k}_${n}_${b}`
  /** Start of a band of rows with `stride` vectors a row, plus `offset`. */
  const inBand = (b: number, stride: number, offset: number) =>
    `u32(subgroup * ${bands * M * stride}) + ${b * M * stride + offset}`
  const left = `subgroup_matrix_left<f16, ${K}, ${M}>`
  const right = `subgroup_matrix_right<f16, ${N}, ${K}>`
  const result = `subgroup_matrix_result<f32, ${N}, ${M}>`

  const eachBand = (line: (b: number) => string) => repeat(bands, line)

  const product = (k: number) =>
    repeat(
      columnTiles,
      (n) => `  {
    ${eachBand((b) => `var scores_${b} = ${result}();`)}
    ${repeat(
      depthTiles,
      (t) => `    {
      let right = subgroupMatrixLoad<${right}, col_major>(&operands, ${(k * columns + n * N) * operandStride + (t * K) / 4}, ${operandStride});
      ${eachBand((b) => `scores_${b} = subgroupMatrixMultiplyAccumulate(${fragment(k, t, b)}, right, scores_${b});`)}
    }`,
    )}
    ${eachBand((b) => `subgroupMatrixStore<row_major>(&products_${k}, ${inBand(b, scoreStride, (n * N) / 4)}, scores_${b}, ${scoreStride});`)}
  }`,
    )

  const addUp = (k: number) => {
    const offset = plan.sums[k].of * columns
    return repeat(
      sumTiles,
      (t) => `  {
    ${eachBand((b) => `let left_${b} = subgroupMatrixLoad<${left}, row_major>(&weights_${k}, ${inBand(b, weightStride, (t * K) / 4)}, ${weightStride});`)}
    ${repeat(
      outputTiles,
      (n) => `    {
      let right = subgroupMatrixLoad<${right}, row_major>(&operands, ${(offset + t * K) * operandStride + (n * N) / 4}, ${operandStride});
      ${eachBand((b) => `${sum(k, n, b)} = subgroupMatrixMultiplyAccumulate(left_${b}, right, ${sum(k, n, b)});`)}
    }`,
    )}
  }`,
    )
  }

  const finish = (k: number) => {
    const { output, scaled, weight, of } = plan.sums[k]
    const byGradient = weight === 'logitGradient' || isGradient(plan.columns[of])
    const factors = [
      1 / (weight === 'attention' ? weightScale : logitGradientScale),
      ...(byGradient ? ['gradientUnscale'] : []),
      ...(scaled ? ['problem.scale'] : []),
    ].join(' * ')
    return repeat(Math.ceil(depth / outputRun), (run) => {
      const tiles = Array.from({ length: outputRun / N }, (_, i) => (run * outputRun) / N + i).filter(
        (n) => n < outputTiles,
      )
      const stores = tiles.map((n, i) =>
        eachBand(
          (b) =>
            `subgroupMatrixStore<row_major>(&products_0, ${inBand(b, scoreStride, (i * N) / 4)}, ${sum(k, n, b)}, ${scoreStride});`,
        ),
      )
      const value = `products_0[e / ${outputRun / 4} * ${scoreStride} + e % ${outputRun / 4}] * (${factors})`
      return `
  workgroupBarrier();
  ${stores.join('\n  ')}
  workgroupBarrier();
  for (var e = i32(local); e < ${(rows * outputRun) / 4}; e += ${threads}) {
    let index = firstRow + e / ${outputRun / 4};
    let d = ${run * outputRun} + e % ${outputRun / 4} * 4;
    if (index < endRow) {
      let start = ${start(plan.rows[0], 'index')};
      ${storeFour(output, headDim, 'start', 'd', value)}
    }
  }`
    })
  }

  const workgroupBytes =
    stagedRows * operandStride * 8 +
    products * rows * scoreStride * 16 +
    plan.sums.length * rows * weightStride * 8 +
    4 * words

  return {
    shape: { rows, columns, threads, held, sharing: vectors, workgroupBytes },
    scalesGradients: gradients,
    directives: `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);`,
    declarations: `
var<workgroup> operands: array<vec4<f16>, ${stagedRows * operandStride}>;
${repeat(products, (k) => `var<workgroup> products_${k}: array<vec4<f32>, ${rows * scoreStride}>;`)}
${repeat(plan.sums.length, (k) => `var<workgroup> weights_${k}: array<vec4<f16>, ${rows * weightStride}>;`)}
var<workgroup> poison: array<atomic<u32>, ${words}>;`,
    begin: `
  ${gradients ? gradientScales : ''}
  let subgroup = i32(local) / ${subgroupSize};
  let place = i32(local) % ${vectors};
  if (local < ${words}u) { atomicStore(&poison[local], 0u); }
  ${repeat(held, (n) => `let heldRow_${n} = (i32(local) + ${n * threads}) / ${vectors};\n  let row_${n} = firstRow + heldRow_${n};`)}
  ${plan.sums.map((_, k) => repeat(outputTiles, (n) => eachBand((b) => `var ${sum(k, n, b)} = ${result}();`))).join('\n')}`,
    loadRows: plan.rows
      .map(
        (source, k) => `
  workgroupBarrier();
  ${stageRowsOf(source)}
  workgroupBarrier();
  ${repeat(depthTiles, (t) =>
    eachBand(
      (b) =>
        `let ${fragment(k, t, b)} = subgroupMatrixLoad<${left}, row_major>(&operands, ${inBand(b, operandStride, (t * K) / 4)}, ${operandStride});`,
    ),
  )}`,
      )
      .join('\n'),
    declareColumns: (count) => repeat(count, (k) => repeat(ahead, (i) => `  var ahead_${k}_${i} = vec4<f32>();`)),
    fetchColumns: (count, first, end) => repeat(count, (k) => fetch(plan.columns[k], k, first, end)),
    stageColumns: (count, summed) => `
  ${repeat(held, (n) => `let column_${n} = firstColumn + place * 4;`)}
  workgroupBarrier();
  ${repeat(count, (k) => stage(k, summed && sanitised.has(k as 0 | 1)))}
  workgroupBarrier();`,
    products: (count) => `
${repeat(count, product)}
  workgroupBarrier();
  ${repeat(count, (k) => repeat(held, (n) => `let product_${k}_${n} = products_${k}[heldRow_${n} * ${scoreStride} + place]${[plan.rows[k], plan.columns[k]].some(isGradient) ? ' * gradientUnscale' : ''};`))}`,
    poisoned: () =>
      `((vec4<u32>(atomicLoad(&poison[${columns <= 32 ? '0' : 'place / 8'}])) >> (vec4<u32>(0u, 1u, 2u, 3u) + u32(place % 8 * 4))) & vec4<u32>(1u)) == vec4<u32>(1u)`,
    accumulate: `
  ${plan.sums.map((_, k) => repeat(held, (n) => `weights_${k}[heldRow_${n} * ${weightStride} + place] = vec4<f16>(${half(k, `weight_${k}_${n}`)});`)).join('\n')}
  workgroupBarrier();
  ${repeat(plan.sums.length, addUp)}
  if (local < ${words}u) { atomicStore(&poison[local], 0u); }`,
    weightAt: (row, column) =>
      `f32(weights_0[(${row}) * ${weightStride} + (${column}) / 4][(${column}) % 4]) / ${scaleOfWeight(0)}`,
    scratch: (index) => `products_0[(${index}) / 4][(${index}) % 4]`,
    finish: repeat(plan.sums.length, finish),
  }
}
