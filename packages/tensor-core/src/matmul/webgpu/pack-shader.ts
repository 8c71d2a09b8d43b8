/** Threads of a workgroup. */
export const packThreads = 256

/**
 * WGSL that copies matrices as f16, padded with zeros to `[batches, paddedRows, paddedColumns]`.
 *
 * @param vectors - whether rows have a multiple of 8 elements, and are read as vectors
 */
export function packShader(vectors: boolean): string {
  const four = (first: number) =>
    vectors
      ? `source[(start + column + ${first}u) / 4u]`
      : `vec4<f32>(${[0, 1, 2, 3].map((i) => `element(start, column + ${first + i}u)`).join(', ')})`
  return `enable f16;
struct Sizes {
  rows: u32,
  columns: u32,
  paddedRows: u32,
  paddedColumns: u32,
  batches: u32,
}
@group(0) @binding(0) var<storage, read> source: array<${vectors ? 'vec4<f32>' : 'f32'}>;
@group(0) @binding(1) var<storage, read_write> halves: array<vec4<u32>>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

${
  vectors
    ? ''
    : `fn element(start: u32, column: u32) -> f32 {
  if (column < sizes.columns) { return source[start + column]; }
  return 0.0;
}`
}

@compute @workgroup_size(${packThreads})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let runs = sizes.paddedColumns / 8u;
  let count = sizes.batches * sizes.paddedRows * runs;
  for (var i = id.x; i < count; i += groups.x * ${packThreads}u) {
    let row = i / runs % sizes.paddedRows;
    let batch = i / runs / sizes.paddedRows;
    let start = (batch * sizes.rows + row) * sizes.columns;
    let column = i % runs * 8u;
    var eight = vec4<u32>();
    if (row < sizes.rows && column < sizes.columns) {
      let first = bitcast<vec2<u32>>(vec4<f16>(${four(0)}));
      let second = bitcast<vec2<u32>>(vec4<f16>(${four(4)}));
      eight = vec4<u32>(first, second);
    }
    halves[i] = eight;
  }
}`
}
