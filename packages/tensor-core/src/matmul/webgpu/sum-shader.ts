/** Threads of a workgroup. */
export const sumThreads = 256

/** WGSL that adds up the parts of a product, `[parts, …]`, in their order. */
export const sumShader = `struct Sizes {
  size: u32,
  parts: u32,
}
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${sumThreads})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < sizes.size; i += groups.x * ${sumThreads}u) {
    var sum = 0.0;
    for (var part = 0u; part < sizes.parts; part++) { sum += partial[part * sizes.size + i]; }
    result[i] = sum;
  }
}`
