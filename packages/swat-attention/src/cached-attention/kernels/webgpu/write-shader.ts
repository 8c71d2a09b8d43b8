import { problemDeclaration, workgroupIndex } from './problem.js'

const threads = 64

/** Copies new keys and values to their rows of the past, a workgroup a token. */
export function writeShader({ batchSize, rowSize }: { batchSize: number; rowSize: number }): string {
  return `
@group(0) @binding(0) var<storage, read> keys: array<f32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> pastKeys: array<f32>;
@group(0) @binding(3) var<storage, read_write> pastValues: array<f32>;
${problemDeclaration(4, batchSize)}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let index = ${workgroupIndex};
  let sequence = index / problem.length;
  if (sequence >= ${batchSize}) { return; }
  let token = index % problem.length;
  let place = problem.places[sequence];
  let isSink = token < place.newSinks;
  // an earlier token of the ring would be overwritten by a later one
  if (token >= place.count || (!isSink && token < place.count - problem.capacity)) { return; }
  let row = select(problem.sinks + (place.slot + token) % problem.capacity, place.endSink + token, isSink);
  let tokenStart = index * ${rowSize};
  let rowStart = (sequence * (problem.sinks + problem.capacity) + row) * ${rowSize};
  for (var i = i32(thread); i < ${rowSize}; i += ${threads}) {
    pastKeys[rowStart + i] = keys[tokenStart + i];
    pastValues[rowStart + i] = values[tokenStart + i];
  }
}`
}
