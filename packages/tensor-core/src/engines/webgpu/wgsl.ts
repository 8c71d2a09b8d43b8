/** Pieces of shaders that several kernels share: bindings, vectors, the grid of workgroups, sums of a workgroup. */

/** Threads of a workgroup, which every device allows. */
export const workgroupThreads = 256

/** How many elements a shader loads at a time. */
export type VectorWidth = 1 | 4

/**
 * The widest vector into which whole numbers of elements can be divided. Shaders are written for both widths, so that
 * no number of elements needs code of its own for a rest.
 *
 * @param sizes - numbers of elements, each of which must be divisible
 * @returns 4, or 1 where that does not go
 */
export function vectorWidth(...sizes: readonly number[]): VectorWidth {
  return sizes.every((size) => size % 4 === 0) ? 4 : 1
}

/** WGSL: the type of so many elements. */
export const vectorType: Readonly<Record<VectorWidth, string>> = { 1: 'f32', 4: 'vec4<f32>' }

/**
 * WGSL: the sum of a vector's products with another, or of its own elements.
 *
 * @param width - of both
 * @param a - an expression
 * @param b - an expression
 * @returns an expression of type f32
 */
export function dotProduct(width: VectorWidth, a: string, b: string): string {
  return width === 4 ? `dot(${a}, ${b})` : `((${a}) * (${b}))`
}

/**
 * WGSL: a function `keepNaN(value, origin)`, for what some devices compute from NaN as if it were a number: the value,
 * or NaN where the origin is.
 */
export const keepNaN = `
fn keepNaN(value: f32, origin: f32) -> f32 {
  return select(value, origin, (bitcast<u32>(origin) & 0x7fffffffu) > 0x7f800000u);
}`

/**
 * WGSL: declares the storage buffers of a shader, in the order of their bindings.
 *
 * @param inputs - type of an element by name; they are read
 * @param outputs - type of an element by name; they are read and written
 * @returns declarations
 */
export function storageBindings(
  inputs: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>>,
): string {
  const declare = ([name, type]: [string, string], access: string, binding: number) =>
    `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`
  const first = Object.keys(inputs).length
  return [
    ...Object.entries(inputs).map((entry, i) => declare(entry, 'read', i)),
    ...Object.entries(outputs).map((entry, i) => declare(entry, 'read_write', first + i)),
  ].join('\n')
}

/** A 4-byte member of a uniform struct: its type and value. */
export type UniformMember = readonly [type: 'u32' | 'f32', value: number]

/**
 * The bytes of a uniform struct.
 *
 * @param members - in their order
 * @returns the bytes
 */
export function uniformBytes(...members: readonly UniformMember[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(4 * members.length))
  members.forEach(([type, value], i) => {
    if (type === 'u32') view.setUint32(4 * i, value, true)
    else view.setFloat32(4 * i, value, true)
  })
  return view.buffer
}

/** Workgroups along x; the rest go along y, as devices allow only 65535 along an axis. */
const workgroupsInRow = 32768

/**
 * A grid of workgroups.
 *
 * @param count - workgroups that are needed
 * @returns workgroups along each axis; a few more than `count` where that is large
 */
export function workgroupGrid(count: number): [number, number, number] {
  return [Math.min(count, workgroupsInRow), Math.ceil(count / workgroupsInRow), 1]
}

/**
 * WGSL: the head of the entry point. Within it `workgroupIndex` is the number of the workgroup in a
 * {@link workgroupGrid}, which may be beyond the count that was asked for, and `thread` the number of the thread in it.
 *
 * @param threads - of a workgroup
 * @returns the text up to the opening brace of the body
 */
export function mainOfWorkgroups(threads: number = workgroupThreads): string {
  return `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let workgroupIndex = workgroup.x + workgroup.y * ${workgroupsInRow}u;`
}

/**
 * The grid for a thread an element, see {@link mainOfElements}.
 *
 * @param count - elements: vectors of a tensor, say
 * @returns workgroups along each axis
 */
export function elementGrid(count: number): [number, number, number] {
  return workgroupGrid(Math.ceil(count / workgroupThreads))
}

/**
 * WGSL: the head of the entry point of a shader with a thread an element. Within it `i` is the number of the element.
 *
 * @param count - expression for the number of elements
 * @returns the text up to the place where the body does its work
 */
export function mainOfElements(count: string): string {
  return `${mainOfWorkgroups()}
  let i = workgroupIndex * ${workgroupThreads}u + thread;
  if (i >= ${count}) { return; }`
}

/** How the threads of a workgroup share out rows. */
export interface RowDivision {
  /** Threads that share a row; a power of two. */
  lanes: number
  /** Rows that a workgroup works on at a time. */
  rowsAtOnce: number
  /** Columns of a row that a thread takes, at most: `lane`, `lane + lanes` … */
  held: number
}

/**
 * Shares out rows so that a thread has some loads under way at once, and short rows do not leave threads idle.
 *
 * @param columns - vectors of a row
 * @param threads - of a workgroup
 * @returns the division
 */
export function rowDivision(columns: number, threads: number = workgroupThreads): RowDivision {
  const wanted = Math.ceil(columns / 4)
  const lanes = Math.min(threads, 2 ** Math.ceil(Math.log2(wanted)))
  return { lanes, rowsAtOnce: threads / lanes, held: Math.ceil(columns / lanes) }
}

/** What {@link laneReduction} declares. */
export interface LaneReduction {
  /** Name of the function. */
  name: string
  /** Type of the parts. */
  type: string
  /** Threads that share a row; a power of two. */
  lanes: number
  /** Threads of a workgroup; default {@link workgroupThreads}. */
  threads?: number
  /** Expression for two parts together; default their sum. */
  combine?: (a: string, b: string) => string
}

/**
 * WGSL: a function `name(thread, part)` that combines what the lanes of a row hold, always in the same order. All
 * threads of the workgroup must call it, and all lanes of a row get the result.
 *
 * @param reduction - see {@link LaneReduction}
 * @returns the declaration of the function and of its workgroup memory
 */
export function laneReduction(reduction: LaneReduction): string {
  const { name, type, lanes, threads = workgroupThreads, combine = (a, b) => `${a} + ${b}` } = reduction
  return `
var<workgroup> ${name}Parts: array<${type}, ${threads}>;

fn ${name}(thread: u32, part: ${type}) -> ${type} {
  let lane = thread % ${lanes}u;
  ${name}Parts[thread] = part;
  for (var half = ${lanes}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      ${name}Parts[thread] = ${combine(`${name}Parts[thread]`, `${name}Parts[thread + half]`)};
    }
  }
  workgroupBarrier();
  let all = ${name}Parts[thread - lane];
  workgroupBarrier(); // the next call writes again
  return all;
}`
}
