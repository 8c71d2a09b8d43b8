import { heapView, runShader, tf, uninitializedGpuTensor, uninitializedTensor } from '@swat-js/tensor-core'

/** Uniform numbers of variance 1 lie in (−√3, √3). */
const width = 2 * Math.sqrt(3)

/**
 * A tensor of random numbers with mean 0 and variance 1, uniformly distributed, made where it is needed: on the GPU, in
 * WebAssembly memory or in JavaScript. Element i is a hash of i and the seed (lowbias32, twice), so that nothing
 * repeats and the same numbers come out on every backend.
 *
 * @param shape - the shape
 * @param seed - a whole number below 2³²
 * @returns the tensor on the active backend, subject to `tf.tidy`
 */
export function randomTensor(shape: readonly number[], seed: number): tf.Tensor {
  const sizes = [...shape]
  switch (tf.getBackend()) {
    case 'webgpu':
      return onGpu(sizes, seed)
    case 'wasm': {
      const tensor = uninitializedTensor(sizes)
      fill(heapView(tensor), seed)
      return tensor
    }
    default: {
      const data = new Float32Array(sizes.reduce((product, size) => product * size, 1))
      fill(data, seed)
      return tf.tensor(data, sizes, 'float32')
    }
  }
}

function fill(data: Float32Array, seed: number): void {
  const salt = Math.imul(seed, 0x9e3779b9)
  for (let i = 0; i < data.length; i++) {
    const word = hash((hash(i) + salt) | 0) >>> 8
    data[i] = (word / 2 ** 24 - 0.5) * width
  }
}

function hash(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}

const source = /* wgsl */ `
struct Settings { size: u32, salt: u32 }
@group(0) @binding(0) var<storage, read_write> data: array<f32>;
@group(0) @binding(1) var<uniform> settings: Settings;

fn hash(word: u32) -> u32 {
  var x = word;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < settings.size; i += groups.x * 256u) {
    let word = hash(hash(i) + settings.salt) >> 8u;
    data[i] = (f32(word) / 16777216.0 - 0.5) * ${Math.fround(width)};
  }
}
`

function onGpu(shape: number[], seed: number): tf.Tensor {
  const tensor = uninitializedGpuTensor(shape)
  runShader({
    label: 'random tensor',
    source,
    inputs: [],
    outputs: [tensor],
    uniforms: Uint32Array.of(tensor.size, Math.imul(seed, 0x9e3779b9) >>> 0),
    workgroups: [Math.min(Math.ceil(tensor.size / 256), 65535), 1, 1],
  })
  return tensor
}
