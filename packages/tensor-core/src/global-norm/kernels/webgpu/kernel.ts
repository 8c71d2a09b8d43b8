import { runShader } from '../../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../../engines/webgpu/uninitialized-gpu-tensor.js'
import {
  dotProduct,
  laneReduction,
  mainOfWorkgroups,
  storageBindings,
  uniformBytes,
  vectorType,
  vectorWidth,
  type VectorWidth,
  workgroupThreads,
} from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import { type GlobalNormKernel, leastScale, normEpsilon } from '../../contract.js'

/** WGSL: a dispatch a tensor, whose workgroups each leave a sum of squares; one more adds them up in a fixed order. */
export const kernel: GlobalNormKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  measure({ tensors, maxNorm, lossScale }) {
    const groups = tensors.map(workgroupsFor)
    const total = groups.reduce((sum, count) => sum + count, 0)
    const sums = total === 0 ? tf.zeros([1]) : uninitializedGpuTensor([total])
    let first = 0
    for (const [i, tensor] of tensors.entries()) {
      runShader({
        label: 'globalNorm: squares',
        source: squareShaders[vectorWidth(tensor.size)],
        inputs: [tensor],
        outputs: [sums],
        uniforms: uniformBytes(['u32', first], ['f32', 1 / lossScale]),
        workgroups: [groups[i], 1, 1],
      })
      first += groups[i]
    }
    const norm = uninitializedGpuTensor([]) as tf.Scalar
    const scale = uninitializedGpuTensor([]) as tf.Scalar
    runShader({
      label: 'globalNorm',
      source: normShader,
      inputs: [sums],
      outputs: [norm, scale],
      uniforms: uniformBytes(['f32', maxNorm ?? 0], ['f32', 1 / lossScale]),
      workgroups: [1, 1, 1],
    })
    return { norm, scale }
  },
}

/** Workgroups that a device keeps busy, and the vectors that are worth another thread. */
const [mostGroups, vectorsOfThread] = [1024, 4]

function workgroupsFor({ size }: tf.Tensor): number {
  return Math.min(mostGroups, Math.ceil(size / vectorWidth(size) / vectorsOfThread / workgroupThreads))
}

const squareShaders = { 1: squareShader(1), 4: squareShader(4) }

/** The sum of squares of a tensor, in as many parts as there are workgroups. */
function squareShader(width: VectorWidth): string {
  const vector = vectorType[width]
  return `
${storageBindings({ x: vector }, { sums: 'f32' })}
struct Uniforms {
  first: u32, // place of the first workgroup's sum
  factor: f32,
}
@group(0) @binding(2) var<uniform> uniforms: Uniforms;
${laneReduction({ name: 'laneSum', type: 'f32', lanes: workgroupThreads })}

@compute @workgroup_size(${workgroupThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  var sum = 0.0;
  let step = workgroups.x * ${workgroupThreads}u;
  for (var i = workgroup.x * ${workgroupThreads}u + thread; i < arrayLength(&x); i += step) {
    let value = x[i] * uniforms.factor; // before it is squared: else squares of scaled gradients overflow
    sum += ${dotProduct(width, 'value', 'value')};
  }
  let all = laneSum(thread, sum);
  if (thread == 0u) { sums[uniforms.first + workgroup.x] = all; }
}`
}

/** Norm and scale from the sums. */
const normShader = `
${storageBindings({ sums: 'f32' }, { norm: 'f32', scale: 'f32' })}
struct Uniforms {
  maxNorm: f32, // 0: no limit
  factor: f32,
}
@group(0) @binding(3) var<uniform> uniforms: Uniforms;
${laneReduction({ name: 'laneSum', type: 'f32', lanes: workgroupThreads })}
${mainOfWorkgroups()}
  var sum = 0.0;
  for (var i = thread; i < arrayLength(&sums); i += ${workgroupThreads}u) { sum += sums[i]; }
  let all = laneSum(thread, sum);
  if (thread == 0u) {
    let finite = (bitcast<u32>(all) & 0x7fffffffu) < 0x7f800000u;
    let length = select(all, sqrt(all), finite);
    var clip = 1.0;
    if (uniforms.maxNorm > 0.0) { clip = min(1.0, uniforms.maxNorm / (length + ${normEpsilon})); }
    norm[0] = length;
    scale[0] = select(0.0, max(${leastScale}, clip * uniforms.factor), finite);
  }
}`
