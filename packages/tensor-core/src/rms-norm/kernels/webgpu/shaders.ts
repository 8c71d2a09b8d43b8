import {
  dotProduct,
  keepNaN,
  laneReduction,
  mainOfWorkgroups,
  rowDivision,
  storageBindings,
  vectorType,
  vectorWidth,
  workgroupThreads,
} from '../../../engines/webgpu/wgsl.js'

/** The rows of a matrix as the shaders of this folder see them. */
function layout(size: number) {
  const width = vectorWidth(size)
  const columns = size / width
  return { width, vector: vectorType[width], columns, ...rowDivision(columns) }
}

const uniformDeclaration = (binding: number) => `
struct Uniforms {
  rows: u32,
  rowsInBlock: u32,
  epsilon: f32,
}
@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;
${keepNaN}

fn inverseRms(squares: f32, size: f32) -> f32 {
  return keepNaN(inverseSqrt(squares / size + uniforms.epsilon), squares);
}`

/** How many rows a workgroup normalises in the forward pass. */
export function forwardRows(size: number): number {
  return layout(size).rowsAtOnce
}

/**
 * One row a few threads, which keep it in registers from the sum of squares to the result.
 *
 * @param adds - whether an addend joins the rows; the sums are written, too
 */
export function forwardShader(size: number, adds: boolean): string {
  const { width, vector, columns, lanes, rowsAtOnce, held } = layout(size)
  const inputs = { x: vector, weight: vector, ...(adds && { addend: vector }) }
  const outputs = { y: vector, ...(adds && { total: vector }) }
  return `
${storageBindings(inputs, outputs)}
${uniformDeclaration(adds ? 5 : 3)}
${laneReduction({ name: 'laneSum', type: 'f32', lanes })}
${mainOfWorkgroups()}
  let lane = thread % ${lanes}u;
  let row = workgroupIndex * ${rowsAtOnce}u + thread / ${lanes}u;
  let start = row * ${columns}u;
  var values: array<${vector}, ${held}>;
  var squares = 0.0;
  if (row < uniforms.rows) {
    for (var c = 0u; c < ${held}u; c++) {
      let column = lane + c * ${lanes}u;
      if (column < ${columns}u) {
        values[c] = x[start + column]${adds ? ' + addend[start + column]' : ''};
        ${adds ? 'total[start + column] = values[c];' : ''}
        squares += ${dotProduct(width, 'values[c]', 'values[c]')};
      }
    }
  }
  let scale = inverseRms(laneSum(thread, squares), ${size}.0);
  if (row < uniforms.rows) {
    for (var c = 0u; c < ${held}u; c++) {
      let column = lane + c * ${lanes}u;
      if (column < ${columns}u) { y[start + column] = values[c] * scale * weight[column]; }
    }
  }
}`
}

/** Workgroups that a device keeps busy, each with a block of rows and a row of partial sums. */
const mostBlocks = 512

/** How the backward pass divides rows into blocks. */
export function backwardBlocks(rows: number, size: number): { blocks: number; rowsInBlock: number } {
  const { rowsAtOnce } = layout(size)
  const rounds = Math.ceil(rows / rowsAtOnce)
  const rowsInBlock = Math.ceil(rounds / mostBlocks) * rowsAtOnce
  return { blocks: Math.ceil(rows / rowsInBlock), rowsInBlock }
}

/**
 * A block of rows a workgroup: the gradient of each row from registers, and the sums of the weight's gradient over the
 * block, which a thread keeps for its columns.
 *
 * @param adds - whether the rows get a gradient from elsewhere, which joins that of the norm
 */
export function backwardShader(size: number, adds: boolean): string {
  const { width, vector, columns, lanes, rowsAtOnce, held } = layout(size)
  return `
${storageBindings(
  { x: vector, weight: vector, dy: vector, ...(adds && { dSum: vector }) },
  { dx: vector, partialSums: vector },
)}
${uniformDeclaration(adds ? 6 : 5)}
${laneReduction({ name: 'laneSum', type: 'vec2<f32>', lanes })}
var<workgroup> sumsOfRows: array<${vector}, ${workgroupThreads}>;
${mainOfWorkgroups()}
  let lane = thread % ${lanes}u;
  let place = thread / ${lanes}u; // among the rows that are worked on at once
  var sums: array<${vector}, ${held}>;
  for (var first = 0u; first < uniforms.rowsInBlock; first += ${rowsAtOnce}u) {
    let row = workgroupIndex * uniforms.rowsInBlock + first + place;
    let start = row * ${columns}u;
    var values: array<${vector}, ${held}>;
    var gradients: array<${vector}, ${held}>;
    var parts = vec2<f32>(0.0); // sums of x² and of dy · weight · x
    if (row < uniforms.rows) {
      for (var c = 0u; c < ${held}u; c++) {
        let column = lane + c * ${lanes}u;
        if (column < ${columns}u) {
          values[c] = x[start + column];
          gradients[c] = dy[start + column];
          parts += vec2<f32>(
            ${dotProduct(width, 'values[c]', 'values[c]')},
            ${dotProduct(width, 'gradients[c] * weight[column]', 'values[c]')},
          );
        }
      }
    }
    let totals = laneSum(thread, parts);
    let scale = inverseRms(totals.x, ${size}.0);
    let projection = totals.y * scale * scale / ${size}.0;
    if (row < uniforms.rows) {
      for (var c = 0u; c < ${held}u; c++) {
        let column = lane + c * ${lanes}u;
        if (column < ${columns}u) {
          sums[c] += gradients[c] * values[c] * scale;
          dx[start + column] = scale * (gradients[c] * weight[column] - values[c] * projection)
            ${adds ? '+ dSum[start + column]' : ''};
        }
      }
    }
  }
  for (var c = 0u; c < ${held}u; c++) {
    workgroupBarrier();
    sumsOfRows[thread] = sums[c];
    workgroupBarrier();
    let column = lane + c * ${lanes}u;
    if (place == 0u && column < ${columns}u) {
      var sum = ${vector}(0.0);
      for (var p = 0u; p < ${rowsAtOnce}u; p++) { sum += sumsOfRows[p * ${lanes}u + lane]; }
      partialSums[workgroupIndex * ${columns}u + column] = sum;
    }
  }
}`
}

/** Columns of a workgroup of {@link columnSumShader}: a cache line of vectors. */
const columnsAtOnce = 8

/** How many workgroups add up the columns. */
export function columnSumWorkgroups(size: number): number {
  return Math.ceil(layout(size).columns / columnsAtOnce)
}

/** The sums over the rows of a matrix, some columns a workgroup. */
export function columnSumShader(size: number): string {
  const { vector, columns } = layout(size)
  const places = workgroupThreads / columnsAtOnce
  return `
${storageBindings({ parts: vector }, { total: vector })}
var<workgroup> sums: array<${vector}, ${workgroupThreads}>;
${mainOfWorkgroups()}
  let lane = thread % ${columnsAtOnce}u;
  let column = workgroupIndex * ${columnsAtOnce}u + lane;
  var sum = ${vector}(0.0);
  if (column < ${columns}u) {
    let step = ${places * columns}u;
    for (var i = (thread / ${columnsAtOnce}u) * ${columns}u + column; i < arrayLength(&parts); i += step) {
      sum += parts[i];
    }
  }
  sums[thread] = sum;
  for (var half = ${workgroupThreads / 2}u; half >= ${columnsAtOnce}u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }
  if (thread < ${columnsAtOnce}u && column < ${columns}u) { total[column] = sums[thread]; }
}`
}
