import { gpuInfo } from '../../../engines/webgpu/gpu-info.js'
import { rememberOnDevice } from '../../../engines/webgpu/remember-on-device.js'
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

/**
 * WGSL: as many tensors a dispatch as the device binds at once, whose workgroups each leave a sum of squares; one more
 * dispatch adds them up in a fixed order.
 */
export const kernel: GlobalNormKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  measure({ tensors, maxNorm, lossScale }) {
    const total = sumOf(tensors.map(workgroupsFor))
    const sums = total === 0 ? tf.zeros([1]) : uninitializedGpuTensor([total])
    const atOnce = gpuInfo().limits.maxStorageBuffersPerShaderStage - 1
    for (let i = 0, first = 0; i < tensors.length; i += atOnce) {
      const group = tensors.slice(i, i + atOnce)
      const workgroups = group.map(workgroupsFor)
      const widths = group.map(({ size }) => vectorWidth(size))
      runShader({
        label: 'globalNorm: squares',
        source: rememberOnDevice(`globalNorm ${widths}`, () => squareShader(widths)),
        inputs: group,
        outputs: [sums],
        uniforms: uniformBytes(
          ['f32', 1 / lossScale],
          ['u32', first],
          ...workgroups.map((count) => ['u32', count] as const),
        ),
        workgroups: [sumOf(workgroups), 1, 1],
      })
      first += sumOf(workgroups)
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

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function workgroupsFor({ size }: tf.Tensor): number {
  return Math.min(mostGroups, Math.ceil(size / vectorWidth(size) / vectorsOfThread / workgroupThreads))
}

/** The sums of squares of some tensors, each in as many parts as it has workgroups. */
function squareShader(widths: readonly VectorWidth[]): string {
  const inputs = Object.fromEntries(widths.map((width, i) => [`x${i}`, vectorType[width]]))
  return `
${storageBindings(inputs, { sums: 'f32' })}
struct Uniforms {
  factor: f32,
  first: u32, // place of the first workgroup's sum
  ${widths.map((_, i) => `workgroups${i}: u32,`).join('\n  ')}
}
@group(0) @binding(${widths.length + 1}) var<uniform> uniforms: Uniforms;
${laneReduction({ name: 'laneSum', type: 'f32', lanes: workgroupThreads })}

@compute @workgroup_size(${workgroupThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  var sum = 0.0;
  var part = workgroup.x; // among the workgroups of its tensor, once that is found
  var found = false;
${widths.map(squaresOf).join('')}
  let all = laneSum(thread, sum);
  if (thread == 0u) { sums[uniforms.first + workgroup.x] = all; }
}`
}

function squaresOf(width: VectorWidth, tensor: number): string {
  return `
  if (!found && part < uniforms.workgroups${tensor}) {
    found = true;
    let step = uniforms.workgroups${tensor} * ${workgroupThreads}u;
    for (var i = part * ${workgroupThreads}u + thread; i < arrayLength(&x${tensor}); i += step) {
      let value = x${tensor}[i] * uniforms.factor; // before it is squared: else squares of scaled gradients overflow
      sum += ${dotProduct(width, 'value', 'value')};
    }
  }
  part -= uniforms.workgroups${tensor};`
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
