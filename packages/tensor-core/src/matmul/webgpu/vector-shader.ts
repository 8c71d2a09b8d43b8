import { factorsOf, type Product } from './product.js'
import { bindings, elementOf, mainArguments, placeOfPart, placeVariables, repeat, stepCount } from './staging.js'

const threads = 256
/** Threads that share an output where the right factor lies by its rows, or stand side by side where it does not. */
const lanes = 32
const groups = threads / lanes

/**
 * Columns of the result that a workgroup computes.
 *
 * @param product - a product with one row
 */
export function vectorColumns(product: Product): number {
  const { b } = factorsOf(product)
  return b.rowMajor ? groups : lanes * (b.vectors ? 4 : 1)
}

/**
 * WGSL of a row times a matrix in float32, which reads the matrix once. Where the elements of an inner product are
 * neighbours in memory, 32 threads share it; where its columns are, threads stand side by side and share the depth.
 *
 * @param product - a product with one row
 */
export function vectorShader(product: Product): string {
  const { b } = factorsOf(product)
  const width = b.vectors ? 4 : 1
  const x = b.rowMajor && b.vectors ? 'vec4<f32>' : 'f32'
  const own = b.rowMajor ? 'f32' : elementOf(b)
  const [rest, halves] = b.rowMajor ? [lanes, 'lane'] : [groups, 'slice']
  const step = b.rowMajor ? 1 : lanes
  const reduced = Math.log2(rest)

  const dot = `
    let start = start_b + column * problem.k;
    for (var turn = 0u; turn < turns; turn++) {
      let i = firstDepth + (turn * ${lanes}u + lane) * ${width}u;
      if (i < end) {
        ${
          b.vectors
            ? 'sum += dot(a[(start_a + i) / 4u], b[(start + i) / 4u]);'
            : 'sum += a[start_a + i] * b[start + i];'
        }
      }
    }`
  const slices = `
    for (var turn = 0u; turn < turns; turn++) {
      let i = firstDepth + turn * ${groups}u + slice;
      if (i < end) { sum += a[start_a + i] * b[(start_b + i * problem.n + column) / ${width}u]; }
    }`

  return `${bindings({ a: x, b: elementOf(b), result: own })}
var<workgroup> sums: array<${own}, ${threads}>;
${placeVariables}

@compute @workgroup_size(${threads})
fn main(
  ${mainArguments},
) {
  ${placeOfPart}
  start_a = batch * problem.k;
  start_b = batch * problem.n * problem.k;
  let lane = local % ${lanes}u;
  let slice = local / ${lanes}u;
  let column = ${b.rowMajor ? `group.x * ${groups}u + slice` : `(group.x * ${lanes}u + lane) * ${width}u`};
  var sum = ${own}();
  let turns = ${stepCount(b.rowMajor ? lanes * width : groups)};
  if (column < problem.n) {${b.rowMajor ? dot : slices}
  }
  sums[local] = sum;
  ${repeat(
    reduced,
    (i) => `workgroupBarrier();
  if (${halves} < ${rest >> (i + 1)}u) { sums[local] += sums[local + ${(rest >> (i + 1)) * step}u]; }`,
  )}
  if (${halves} == 0u && column < problem.n) {
    result[((part * batches + batch) * problem.n + column) / ${b.rowMajor ? 1 : width}u] = problem.scale * sums[local];
  }
}`
}
