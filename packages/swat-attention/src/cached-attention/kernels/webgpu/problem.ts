import type { CachedAttentionInputs } from '../../contract.js'

/** The uniform buffer of both shaders: a struct `Problem` named `problem`, one `Place` a sequence. */
export function problemDeclaration(binding: number, batchSize: number): string {
  return `
struct Place {
  count: i32,
  slot: i32,
  kept: i32,
  firstSink: i32,
  endSink: i32,
  newSinks: i32,
  sinkDistance: f32, // of the first new token to the first past sink
  padding: i32,
}
struct Problem {
  length: i32,
  capacity: i32,
  sinks: i32,
  window: i32,
  heads: i32,
  kvHeads: i32,
  tableLength: i32,
  scale: f32,
  places: array<Place, ${batchSize}>,
}
@group(0) @binding(${binding}) var<uniform> problem: Problem;`
}

/** Most sequences that fit in the uniform buffer that every device has. */
export const mostSequences = 2047

const headFields = 8
const placeFields = 8

/** Longer than any chunk and any ring: stands for no window. */
const far = 2 ** 30

/** The bytes of the uniform buffer. */
export function problemUniforms(inputs: CachedAttentionInputs): ArrayBuffer {
  const { queries, keys, capacity, sinks, window, distanceTable, scale, places } = inputs
  const [, length, heads] = queries.shape
  const tableLength = distanceTable?.shape[1] ?? 0
  const view = new DataView(new ArrayBuffer(4 * (headFields + placeFields * places.length)))
  const integers = [length, capacity, sinks, Math.min(window, far), heads, keys.shape[2], tableLength]
  integers.forEach((value, i) => view.setInt32(4 * i, value, true))
  view.setFloat32(4 * integers.length, scale, true)
  places.forEach(({ count, slot, kept, firstSink, endSink, newSinks, position }, b) => {
    const at = 4 * (headFields + placeFields * b)
    const integers = [count, slot, kept, firstSink, endSink, newSinks]
    integers.forEach((value, i) => view.setInt32(at + 4 * i, value, true))
    view.setFloat32(at + 4 * integers.length, position - firstSink, true)
  })
  return view.buffer
}

/** Workgroups along x; the rest go along y. */
const workgroupsInRow = 32768

/** How many workgroups along each axis make `count`. */
export function workgroupsFor(count: number): [number, number, number] {
  return [Math.min(count, workgroupsInRow), Math.ceil(count / workgroupsInRow), 1]
}

/** WGSL: which of them this is; may be `count` or more. */
export const workgroupIndex = `i32(workgroup.x + workgroup.y * ${workgroupsInRow}u)`
