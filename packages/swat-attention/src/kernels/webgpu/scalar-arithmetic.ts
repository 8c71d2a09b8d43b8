import { type Arithmetic, type ArithmeticSettings, loadFour, repeat, storeFour } from './arithmetic.js'
import type { TileSource } from './pass.js'

const threads = 128
const across = 16 // threads side by side in a row of scores, four columns each
const columns = 4 * across
const down = threads / across
const depth = 8 // elements of the heads that are multiplied at a time; measured on an H200: 16 and 32 take 1.6 times as long

/**
 * Float32 multiply-adds. A workgroup holds 64 × 64 scores (32 × 64 for large heads) in registers; operands pass through
 * workgroup memory in chunks, so that any head size fits.
 */
export function scalarArithmetic({ headDim, plan }: ArithmeticSettings): Arithmetic {
  const held = headDim > 128 ? 4 : 8 // rows a thread
  const rows = down * held
  const rowVectors = rows / 4 + 1 // one more against bank conflicts
  const columnVectors = columns / 4 + 1
  const groups = Math.ceil(headDim / columns) // of output columns
  const outputVectors = groups * across

  const stageVectors = Math.max(depth * (rowVectors + columnVectors), 8 * outputVectors)
  const chunk = Math.min(32, 2 ** Math.floor(Math.log2(stageVectors / outputVectors))) // columns summed at a time
  const chunks = columns / chunk
  const weightVectors = columns * rowVectors

  const start = ({ along }: TileSource, index: string) =>
    along === 'queries' ? `queryBase + (${index}) * queryStride` : `keyBase + (${index}) * keyStride`
  const sum = (k: number, g: number, r: number) => `sum_${k}_${g}_${r}`

  /** Stages `depth` elements of rows of a source, transposed: `stage[offset + element · vectors]` holds four rows. */
  const stageTransposed = (
    source: TileSource,
    of: 'Row' | 'Column',
    count: number,
    vectors: number,
    offset: number,
  ) => `
    for (var e = i32(local); e < ${(count * depth) / 4}; e += ${threads}) {
      let index = first${of} + e / ${depth / 4};
      let d = d0 + e % ${depth / 4} * 4;
      var four = vec4<f32>();
      if (index < end${of} && d < ${headDim}) {
        let start = ${start(source, 'index')};
        four = ${loadFour(source.binding, headDim, 'start', 'd')};
      }
      let at = ${offset} + e % ${depth / 4} * ${4 * vectors} + e / ${depth};
      let lane = e / ${depth / 4} % 4;
      stage[at][lane] = four.x;
      stage[at + ${vectors}][lane] = four.y;
      stage[at + ${2 * vectors}][lane] = four.z;
      stage[at + ${3 * vectors}][lane] = four.w;
    }`

  const product = (k: number) => `
  ${repeat(held, (n) => `  var product_${k}_${n} = vec4<f32>();`)}
  for (var d0 = 0; d0 < ${headDim}; d0 += ${depth}) {
    workgroupBarrier();
    ${stageTransposed(plan.rows[k], 'Row', rows, rowVectors, 0)}
    ${stageTransposed(plan.columns[k], 'Column', columns, columnVectors, depth * rowVectors)}
    workgroupBarrier();
    for (var d = 0; d < ${depth}; d++) {
      let right = stage[${depth * rowVectors} + d * ${columnVectors} + acrossIndex];
      ${repeat(held / 4, (v) => `let left_${v} = stage[d * ${rowVectors} + downIndex * ${held / 4} + ${v}];`)}
      ${repeat(held, (n) => `product_${k}_${n} += left_${Math.floor(n / 4)}[${n % 4}] * right;`)}
    }
  }`

  const addUp = (k: number) => {
    const source = plan.columns[plan.sums[k].of]
    const writeWeights = repeat(4, (c) =>
      repeat(held / 4, (v) => {
        const four = [0, 1, 2, 3].map((r) => `weight_${k}_${4 * v + r}[${c}]`).join(', ')
        return `weights[(acrossIndex * 4 + ${c}) * ${rowVectors} + downIndex * ${held / 4} + ${v}] = vec4<f32>(${four});`
      }),
    )
    return `
  ${k > 0 ? 'workgroupBarrier();' : ''}
  ${writeWeights}
  if (local < ${chunks}u) { atomicStore(&poison[local], 0u); }
  for (var c0 = 0; c0 < ${columns}; c0 += ${chunk}) {
    workgroupBarrier();
    for (var e = i32(local); e < ${chunk * outputVectors}; e += ${threads}) {
      let index = firstColumn + c0 + e / ${outputVectors};
      let d = e % ${outputVectors} * 4;
      var four = vec4<f32>();
      if (index < endColumn && d < ${headDim}) {
        let start = ${start(source, 'index')};
        four = ${loadFour(source.binding, headDim, 'start', 'd')};
        let exponents = bitcast<vec4<u32>>(four) & vec4<u32>(0x7f800000u);
        let broken = exponents == vec4<u32>(0x7f800000u);
        if (any(broken)) {
          four = select(four, vec4<f32>(), broken);
          atomicOr(&poison[c0 / ${chunk}], 1u << u32(e / ${outputVectors}));
        }
      }
      stage[e] = four;
    }
    workgroupBarrier();
    let broken = atomicLoad(&poison[c0 / ${chunk}]);
    if (broken != 0u) {
      for (var c = 0; c < ${chunk}; c++) {
        if (((broken >> u32(c)) & 1u) == 1u) {
          ${repeat(held / 4, (v) => {
            const at = `weights[(c0 + c) * ${rowVectors} + downIndex * ${held / 4} + ${v}]`
            const notANumber = 'vec4<f32>(bitcast<f32>(problem.notANumber))'
            return `${at} = select(${notANumber}, vec4<f32>(), ${at} == vec4<f32>());`
          })}
        }
      }
    }
    for (var c = 0; c < ${chunk}; c++) {
      ${repeat(held / 4, (v) => `let left_${v} = weights[(c0 + c) * ${rowVectors} + downIndex * ${held / 4} + ${v}];`)}
      ${repeat(groups, (g) => `let right_${g} = stage[c * ${outputVectors} + ${g * across} + acrossIndex];`)}
      ${repeat(groups, (g) => repeat(held, (r) => `${sum(k, g, r)} += left_${Math.floor(r / 4)}[${r % 4}] * right_${g};`))}
    }
  }`
  }

  const finish = (k: number) =>
    repeat(held, (r) => {
      const { output, scaled } = plan.sums[k]
      const stores = repeat(groups, (g) => {
        const value = scaled ? `${sum(k, g, r)} * problem.scale` : sum(k, g, r)
        return storeFour(output, headDim, 'start', `(${g * columns} + acrossIndex * 4)`, value)
      })
      return `if (row_${r} < endRow) {
    let start = ${start(plan.rows[0], `row_${r}`)};
    ${stores}
  }`
    })

  return {
    shape: {
      rows,
      columns,
      threads,
      held,
      sharing: across,
      workgroupBytes: 16 * (stageVectors + weightVectors) + 4 * chunks,
    },
    scalesGradients: false,
    directives: '',
    declarations: `
var<workgroup> stage: array<vec4<f32>, ${stageVectors}>;
var<workgroup> weights: array<vec4<f32>, ${weightVectors}>;
var<workgroup> poison: array<atomic<u32>, ${chunks}>;`,
    begin: `
  let acrossIndex = i32(local) % ${across};
  let downIndex = i32(local) / ${across};
  ${repeat(held, (n) => `let row_${n} = firstRow + downIndex * ${held} + ${n};`)}
  let place = acrossIndex;
  ${plan.sums.map((_, k) => repeat(groups, (g) => repeat(held, (r) => `var ${sum(k, g, r)} = vec4<f32>();`))).join('\n')}`,
    loadRows: '',
    declareColumns: () => '',
    fetchColumns: () => '',
    stageColumns: () => repeat(held, (n) => `let column_${n} = firstColumn + acrossIndex * 4;`),
    products: (count) => repeat(count, product),
    poisoned: () => 'vec4<bool>()',
    accumulate: repeat(plan.sums.length, addUp),
    weightAt: (row, column) => `weights[(${column}) * ${rowVectors} + (${row}) / 4][(${row}) % 4]`,
    scratch: (index) => `weights[(${index}) / 4][(${index}) % 4]`,
    finish: repeat(plan.sums.length, finish),
  }
}
