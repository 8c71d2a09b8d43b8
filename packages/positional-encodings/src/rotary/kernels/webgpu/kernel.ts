import {
  elementGrid,
  mainOfElements,
  runShader,
  storageBindings,
  supportedOn,
  type tf,
  uniformBytes,
  uninitializedGpuTensor,
} from '@swat-js/tensor-core'
import type { RotaryKernel, RotaryStyle } from '../../contract.js'

/** WGSL: a thread some pairs, which lie side by side or half a head apart. */
export const kernel: RotaryKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  rotate({ x, cos, sin, style, direction }) {
    const [, length, heads, headDim] = x.shape
    const { source, pairs } = variantFor(style, headDim)
    const columns = headDim / 2 / pairs
    const output = uninitializedGpuTensor(x.shape) as tf.Tensor4D
    runShader({
      label: 'applyRotary',
      source,
      inputs: [x, cos, sin],
      outputs: [output],
      uniforms: uniformBytes(['u32', columns], ['u32', heads], ['u32', length], ['f32', direction]),
      workgroups: elementGrid(x.size / 2 / pairs),
    })
    return output
  },
}

/** A shader and how many pairs a thread rotates. */
interface Variant {
  source: string
  pairs: number
}

function variantFor(style: RotaryStyle, headDim: number): Variant {
  const variants = style === 'half' ? halfVariants : interleavedVariants
  return variants.find(({ pairs }) => (headDim / 2) % pairs === 0) as Variant
}

function shader(vector: string, table: string, count: string, rotation: string): string {
  return `
${storageBindings({ x: vector, cosines: table, sines: table }, { y: vector })}
struct Uniforms {
  columns: u32, // vectors of a row of the tables
  heads: u32,
  length: u32,
  direction: f32,
}
@group(0) @binding(4) var<uniform> uniforms: Uniforms;
${mainOfElements(count)}
  let head = i / uniforms.columns; // among those of all tokens
  let column = i % uniforms.columns;
  let place = head / uniforms.heads % uniforms.length * uniforms.columns + column;
  let c = cosines[place];
  let s = sines[place] * uniforms.direction;
  ${rotation}
}`
}

/** Widest first. */
const halfVariants: readonly Variant[] = [4, 1].map((pairs) => {
  const vector = pairs === 4 ? 'vec4<f32>' : 'f32'
  const rotation = `let first = head * uniforms.columns * 2u + column;
  let second = first + uniforms.columns;
  let a = x[first];
  let b = x[second];
  y[first] = a * c - b * s;
  y[second] = a * s + b * c;`
  return { pairs, source: shader(vector, vector, 'arrayLength(&y) / 2u', rotation) }
})

/** Widest first. */
const interleavedVariants: readonly Variant[] = [
  {
    pairs: 2,
    source: shader(
      'vec4<f32>',
      'vec2<f32>',
      'arrayLength(&y)',
      `let a = x[i];
  y[i] = a * c.xxyy + vec4<f32>(-a.y, a.x, -a.w, a.z) * s.xxyy;`,
    ),
  },
  {
    pairs: 1,
    source: shader(
      'vec2<f32>',
      'f32',
      'arrayLength(&y)',
      `let a = x[i];
  y[i] = a * c + vec2<f32>(-a.y, a.x) * s;`,
    ),
  },
]
