import {
  mainOfWorkgroups,
  storageBindings,
  vectorType,
  type VectorWidth,
  workgroupThreads,
} from '../../../engines/webgpu/wgsl.js'

/** WGSL: a thread a vector of one of some parameters, which follow each other in the grid of workgroups. */
export function updateShader(widths: readonly VectorWidth[], scaled: boolean): string {
  const each = <T>(make: (width: VectorWidth, i: number) => T): T[] => widths.map(make)
  const inputs = {
    ...Object.fromEntries(each((width, i) => [`gradient${i}`, vectorType[width]])),
    ...(scaled && { gradientScale: 'f32' }),
  }
  const outputs = Object.fromEntries(
    each((width, i) =>
      ['parameter', 'firstMoment', 'secondMoment'].map((name) => [`${name}${i}`, vectorType[width]]),
    ).flat(),
  )
  return `
${storageBindings(inputs, outputs)}
struct Uniforms {
  beta1: f32,
  restOfBeta1: f32,
  beta2: f32,
  restOfBeta2: f32,
  stepSize: f32,
  epsilon: f32,
  ${each((_, i) => `first${i}: u32, // workgroup\n  kept${i}: f32,`).join('\n  ')}
}
@group(0) @binding(${Object.keys({ ...inputs, ...outputs }).length}) var<uniform> uniforms: Uniforms;
${each(updateFunction).join('')}
${mainOfWorkgroups()}
  ${scaled ? readScale : 'let scale = 1.0;'}
  ${each(
    (_, i) =>
      `if (workgroupIndex >= uniforms.first${i}) { update${i}((workgroupIndex - uniforms.first${i}) * ${workgroupThreads}u + thread, scale); return; }`,
  )
    .reverse()
    .join('\n  ')}
}`
}

const readScale = `let scale = gradientScale[0];
  let bits = bitcast<u32>(scale) & 0x7fffffffu;
  if (bits == 0u || bits >= 0x7f800000u) { return; } // 0, infinity, NaN: GPUs need not know the last by comparison`

function updateFunction(_: VectorWidth, i: number): string {
  return `
fn update${i}(i: u32, scale: f32) {
  if (i >= arrayLength(&parameter${i})) { return; }
  let g = gradient${i}[i] * scale;
  let m = uniforms.beta1 * firstMoment${i}[i] + uniforms.restOfBeta1 * g;
  let v = uniforms.beta2 * secondMoment${i}[i] + uniforms.restOfBeta2 * g * g;
  parameter${i}[i] = uniforms.kept${i} * parameter${i}[i] - uniforms.stepSize * m / (sqrt(v) + uniforms.epsilon);
  firstMoment${i}[i] = m;
  secondMoment${i}[i] = v;
}
`
}
