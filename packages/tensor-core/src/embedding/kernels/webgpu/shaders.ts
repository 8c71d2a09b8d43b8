import {
  laneReduction,
  mainOfElements,
  mainOfWorkgroups,
  storageBindings,
  vectorType,
  type VectorWidth,
} from '../../../engines/webgpu/wgsl.js'

const columnsDeclaration = (binding: number) => `
struct Uniforms { columns: u32 } // vectors of a row
@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;`

function gatherShader(width: VectorWidth): string {
  const vector = vectorType[width]
  return `
${storageBindings({ ids: 'i32', weight: vector }, { output: vector })}
${columnsDeclaration(3)}
${mainOfElements('arrayLength(&output)')}
  let row = i / uniforms.columns;
  output[i] = weight[u32(ids[row]) * uniforms.columns + i % uniforms.columns];
}`
}

/** Looks rows up: a thread a vector of the output. */
export const gatherShaders = { 1: gatherShader(1), 4: gatherShader(4) }

/** Ids that a workgroup of {@link sortShader} puts in their place. */
export const idsAtOnce = 16

/** Threads that share the comparisons of an id. */
const comparers = 16

/**
 * Sorts ids, equal ones by their rows: the place of an id is the number of ids that come before it. Rows² comparisons,
 * yet far less than the model's own work on as many rows, and one dispatch instead of the dozens of a radix sort.
 */
export const sortShader = `
${storageBindings({ ids: 'i32' }, { sortedIds: 'i32', sortedRows: 'i32' })}
${laneReduction({ name: 'laneSum', type: 'u32', lanes: comparers })}
${mainOfWorkgroups(idsAtOnce * comparers)}
  let rows = arrayLength(&ids);
  let lane = thread % ${comparers}u;
  let row = workgroupIndex * ${idsAtOnce}u + thread / ${comparers}u;
  var before = 0u;
  var id = 0;
  if (row < rows) {
    id = ids[row];
    for (var other = lane; other < rows; other += ${comparers}u) {
      let found = ids[other];
      before += select(0u, 1u, found < id || (found == id && other < row));
    }
  }
  let place = laneSum(thread, before);
  if (row < rows && lane == 0u) {
    sortedIds[place] = id;
    sortedRows[place] = i32(row);
  }
}`

/** Where the rows of each id start among the sorted ones, by bisection; one number more, for where the last end. */
export const startsShader = `
${storageBindings({ sortedIds: 'i32' }, { starts: 'i32' })}
${mainOfElements('arrayLength(&starts)')}
  var low = 0u;
  var high = arrayLength(&sortedIds);
  while (low < high) {
    let middle = (low + high) / 2u;
    if (sortedIds[middle] < i32(i)) { low = middle + 1u; } else { high = middle; }
  }
  starts[i] = i32(low);
}`

/** Rows that a thread of {@link scatterShaders} has under way at once. */
const rowsAtOnce = 8

function scatterShader(width: VectorWidth): string {
  const vector = vectorType[width]
  const places = Array.from({ length: rowsAtOnce }, (_, n) => n)
  return `
${storageBindings({ starts: 'i32', sortedRows: 'i32', outputGradient: vector }, { gradient: vector })}
${columnsDeclaration(4)}

fn part(place: u32, column: u32) -> ${vector} {
  return outputGradient[u32(sortedRows[place]) * uniforms.columns + column];
}
${mainOfElements('arrayLength(&gradient)')}
  let id = i / uniforms.columns;
  let column = i % uniforms.columns;
  let end = u32(starts[id + 1u]);
  var place = u32(starts[id]);
  var sum = ${vector}(0.0);
  for (; place + ${rowsAtOnce}u <= end; place += ${rowsAtOnce}u) {
    ${places.map((n) => `let part${n} = part(place + ${n}u, column);`).join('\n    ')}
    ${places.map((n) => `sum += part${n};`).join(' ')}
  }
  for (; place < end; place++) { sum += part(place, column); }
  gradient[i] = sum;
}`
}

/** Adds up the rows of each id in their order: a thread a vector of the table. */
export const scatterShaders = { 1: scatterShader(1), 4: scatterShader(4) }
