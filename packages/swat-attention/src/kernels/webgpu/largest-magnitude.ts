import { runShader, type tf, uninitializedGpuTensor } from '@swat-js/tensor-core'

const threads = 256
const mostGroups = 1024

const source = `
@group(0) @binding(0) var<storage, read> numbers: array<u32>;
@group(0) @binding(1) var<storage, read_write> largest: array<u32>;
var<workgroup> found: array<u32, ${threads}>;

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  var most = 0u; // finite magnitudes are in the order of their bits
  for (var i = group.x * ${threads}u + local; i < arrayLength(&numbers); i += groups.x * ${threads}u) {
    let magnitude = numbers[i] & 0x7fffffffu;
    if (magnitude < 0x7f800000u) { most = max(most, magnitude); }
  }
  found[local] = most;
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    if (local < half) { found[local] = max(found[local], found[local + half]); }
    workgroupBarrier();
  }
  if (local == 0u) { largest[group.x] = found[0]; }
}
`

/**
 * The largest finite magnitude of a float32 tensor's elements, without leaving the GPU.
 *
 * @param tensor - any shape
 * @returns `[1]`
 */
export function largestMagnitude(tensor: tf.Tensor): tf.Tensor {
  const groups = Math.min(mostGroups, Math.ceil(tensor.size / threads))
  const ofGroups = uninitializedGpuTensor([groups])
  const largest = uninitializedGpuTensor([1])
  const label = 'swatAttention largest gradient'
  runShader({ label, source, inputs: [tensor], outputs: [ofGroups], workgroups: [groups, 1, 1] })
  runShader({ label, source, inputs: [ofGroups], outputs: [largest], workgroups: [1, 1, 1] })
  return largest
}
