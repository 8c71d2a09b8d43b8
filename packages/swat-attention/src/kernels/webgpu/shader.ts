import type { AttentionTerm } from '../../op/contract.js'
import { type Arithmetic, loadFunctions, repeat } from './arithmetic.js'
import { passes, type PassSettings } from './pass.js'

/** A shader and what it is bound to, in order. */
export interface AttentionShader {
  /** WGSL. */
  source: string
  /** Tensors it reads. */
  inputs: readonly string[]
  /** Tensors it writes. */
  outputs: readonly string[]
}

/** Fields of the uniform buffer, in order: i32 but for `scale`, f32, and `notANumber`, the bits of one. */
export const problemFields = [
  'queries',
  'keys',
  'heads',
  'kvHeads',
  'window',
  'distance',
  'sinkKeys',
  'tableLength',
  'batchSize',
  'tiles',
  'partsLength',
  'notANumber',
  'scale',
] as const

/** Where the gradients of the terms stand in a tile's `parts`; the table's at the end. */
export const partPlaces: Record<AttentionTerm, number> = { slopes: 0, bias: 1, sinkLogits: 2, distanceTable: 3 }

/** The terms in the order in which `terms` holds them: what has one number a head first. */
export const termOrder: readonly AttentionTerm[] = ['slopes', 'bias', 'sinkLogits', 'distanceTable']

/** Where the segments of queries, those of keys, and the places of sequences begin in `integers`. */
function integerStarts(segments: boolean): [querySegments: string, keySegments: string, places: string] {
  const queries = 'problem.batchSize * problem.queries'
  return ['0', queries, segments ? `${queries} + problem.batchSize * problem.keys` : '0']
}

/**
 * The WGSL of one pass. Rows of a tile stay with a workgroup, which visits the tiles of columns that its band touches;
 * workgroups are (tile of rows, head, sequence). Scores exist for one tile at a time; the gradients compute them again.
 */
export function attentionShader(settings: PassSettings, arithmetic: Arithmetic): AttentionShader {
  const { pass, headDim, activation, terms, wanted } = settings
  const { shape } = arithmetic
  const plan = passes[pass]
  const softmax = activation === 'softmax'
  const byKey = pass === 'keyGradient'
  const has = (term: AttentionTerm) => terms.includes(term)
  const wants = (term: AttentionTerm) => wanted.includes(term) && pass === 'queryGradient'

  const vectorType = headDim % 4 === 0 ? 'vec4<f32>' : 'f32'
  const sources = [...new Set([...plan.rows, ...plan.columns].map(({ binding }) => binding))]
  const inputs: [name: string, type: string][] = [
    ...sources.map((name): [string, string] => [name, vectorType]),
    ...(terms.length > 0 ? [['terms', 'f32'] as [string, string]] : []),
    ...(settings.segments || settings.ownPositions ? [['integers', 'i32'] as [string, string]] : []),
    ...(softmax && byKey ? [['statistics', 'vec2<f32>'] as [string, string]] : []),
    ...(arithmetic.scalesGradients ? [['largestGradient', 'u32'] as [string, string]] : []),
  ]
  const outputs: [name: string, type: string][] = [
    ...plan.sums.map(({ output }): [string, string] => [output, vectorType]),
    ...(softmax && pass === 'queryGradient' ? [['statistics', 'vec2<f32>'] as [string, string]] : []),
    ...(wanted.some(wants) ? [['parts', 'f32'] as [string, string]] : []),
  ]
  const bindings = [
    ...inputs.map(([name, type], i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<${type}>;`),
    ...outputs.map(
      ([name, type], i) => `@group(0) @binding(${inputs.length + i}) var<storage, read_write> ${name}: array<${type}>;`,
    ),
    `@group(0) @binding(${inputs.length + outputs.length}) var<uniform> problem: Problem;`,
  ]

  /** Where a term begins in `terms`: one number a head each, the table at the end. */
  const startOf = (term: AttentionTerm) => `${terms.indexOf(term)} * problem.heads`
  const [querySegments, keySegments, places] = integerStarts(settings.segments)

  const held = shape.held
  const each = (line: (n: number) => string) => repeat(held, line)
  const four = 'vec4<i32>(0, 1, 2, 3)'
  const rowIndex = (n: number) => `vec4<i32>(row_${n})`
  const columnIndex = (n: number) => `column_${n} + ${four}`
  const [queryIndex, keyIndex] = byKey ? [columnIndex, rowIndex] : [rowIndex, columnIndex]

  const pairs = (n: number) => `
    let query_${n} = ${queryIndex(n)};
    let key_${n} = ${keyIndex(n)};
    let distance_${n} = query_${n} - key_${n} + offset;
    let seen_${n} = sees(query_${n}, key_${n}, distance_${n}, ${byKey ? 'endColumn, endRow' : 'endRow, endColumn'}, sinkKeys, sequence);
    let logit_${n} = logits(product_0_${n}, distance_${n}, head, slope, bias);`

  const weigh = (n: number) => {
    if (!softmax) {
      return `
    let e_${n} = exp(-abs(logit_${n}));
    let r_${n} = 1.0 / (1.0 + e_${n});
    let p_${n} = keepNaN(select(r_${n}, e_${n} * r_${n}, logit_${n} < vec4<f32>()), logit_${n});
    let slopeOf_${n} = e_${n} * r_${n} * r_${n};`
    }
    const lse = byKey
      ? `vec4<f32>(${[0, 1, 2, 3].map((c) => `stats_${n}_${c}.x`).join(', ')})`
      : `vec4<f32>(logSum_${n})`
    const loads = byKey
      ? [0, 1, 2, 3]
          .map(
            (c) =>
              `let stats_${n}_${c} = statistics[(sequence * problem.heads + head) * problem.queries + min(query_${n}[${c}], problem.queries - 1)];`,
          )
          .join('\n    ')
      : ''
    return `
    ${loads}
    let p_${n} = keepNaN(exp(logit_${n} - ${lse}), logit_${n});`
  }
  const gradient = (n: number) => {
    if (!softmax) return `let s_${n} = keepNaN(product_1_${n} * slopeOf_${n}, logit_${n});`
    const expected = byKey ? `vec4<f32>(${[0, 1, 2, 3].map((c) => `stats_${n}_${c}.y`).join(', ')})` : `expected_${n}`
    return `let s_${n} = p_${n} * (product_1_${n} - ${expected});`
  }
  const hide = (n: number, value: string) =>
    `select(vec4<f32>(), select(${value}, vec4<f32>(bitcast<f32>(problem.notANumber)), ${arithmetic.poisoned(n)}), seen_${n})`

  const weights: Record<typeof pass, (n: number) => string> = {
    output: (n) => `let weight_0_${n} = ${hide(n, `p_${n}`)};`,
    queryGradient: (n) => `${gradient(n)}
    let weight_0_${n} = ${hide(n, `s_${n}`)};
    ${wants('slopes') ? `slopesSum += dot(weight_0_${n}, vec4<f32>(distance_${n}));` : ''}
    ${wants('bias') ? `biasSum += dot(weight_0_${n}, vec4<f32>(1.0));` : ''}`,
    keyGradient: (n) => `${gradient(n)}
    let weight_0_${n} = ${hide(n, `p_${n}`)};
    let weight_1_${n} = ${hide(n, `s_${n}`)};`,
  }

  const span = (step: string, first: string, end: string) => `
    var ${first} = windowStart + (${step} - sinkSteps) * ${shape.columns};
    var ${end} = windowEnd;
    if (${step} < sinkSteps) {
      ${first} = ${step} * ${shape.columns};
      ${end} = sinkEnd;
    }`
  const fetch = (count: number, step: string) => {
    const text = arithmetic.fetchColumns(count, 'nextColumn', 'nextEnd')
    return text === '' ? '' : `if (${step} < steps) {${span(`(${step})`, 'nextColumn', 'nextEnd')}\n${text}\n}`
  }

  /** Visits the columns with the first `count` of their tensors. */
  const columnLoop = (count: number, summed: boolean, body: string) => `
  {
  ${arithmetic.declareColumns(count)}
  ${fetch(count, '0')}
  for (var step = 0; step < steps; step++) {
    ${span('step', 'firstColumn', 'endColumn')}
    ${arithmetic.stageColumns(count, summed)}
    ${fetch(count, 'step + 1')}
    ${body}
  }
  }`

  const tableParts = `
    workgroupBarrier();
    {
      let nearest = max(0, firstRow - firstColumn - ${shape.columns - 1} + offset);
      let furthest = min(problem.partsLength - ${partPlaces.distanceTable} - 1, firstRow + ${shape.rows - 1} - firstColumn + offset);
      for (var d = nearest + (i32(local) - nearest % ${shape.threads} + ${shape.threads}) % ${shape.threads}; d <= furthest; d += ${shape.threads}) {
        var sum = 0.0;
        for (var c = 0; c < ${shape.columns}; c++) {
          let r = d - offset - firstRow + firstColumn + c;
          if (r >= 0 && r < ${shape.rows}) { sum += ${arithmetic.weightAt('r', 'c')}; }
        }
        parts[ownParts + ${partPlaces.distanceTable} + d] += sum;
      }
    }`

  const mainLoop = columnLoop(
    2,
    true,
    `
    ${arithmetic.products(plan.rows.length)}
    ${each(pairs)}
    ${each(weigh)}
    ${each(weights[pass])}
    ${arithmetic.accumulate}
    ${wants('distanceTable') ? tableParts : ''}`,
  )

  /** Combines a number that every thread holds for each of its rows over the threads that share the row. */
  const overRow = (name: string, combine: (a: string, b: string) => string) => `
  workgroupBarrier();
  ${each((n) => `${arithmetic.scratch(`(row_${n} - firstRow) * ${shape.sharing} + place`)} = ${name}_${n};`)}
  workgroupBarrier();
  ${each(
    (n) => `for (var i = 0; i < ${shape.sharing}; i++) {
    if (i != place) { ${name}_${n} = ${combine(`${name}_${n}`, arithmetic.scratch(`(row_${n} - firstRow) * ${shape.sharing} + i`))}; }
  }`,
  )}`

  const largest = -3.0e38
  const rowStatistics = () => `
  ${each((n) => `var largest_${n} = f32(${largest});\n  var total_${n} = 0.0;`)}
  ${columnLoop(
    1,
    false,
    `
    ${arithmetic.products(1)}
    ${each(pairs)}
    ${each(
      (n) => `{
      let shown = select(vec4<f32>(${largest}), logit_${n}, seen_${n});
      let top = max(largest_${n}, max(max(shown.x, shown.y), max(shown.z, shown.w)));
      let sum = dot(select(vec4<f32>(), exp(logit_${n} - top), seen_${n}), vec4<f32>(1.0));
      total_${n} = total_${n} * exp(largest_${n} - top) + sum;
      largest_${n} = top;
    }`,
    )}`,
  )}
  ${each((n) => `let own_${n} = largest_${n};`)}
  ${overRow('largest', (a, b) => `max(${a}, ${b})`)}
  ${has('sinkLogits') ? each((n) => `largest_${n} = max(largest_${n}, sinkLogit);`) : ''}
  ${each((n) => `total_${n} *= exp(own_${n} - largest_${n});`)}
  ${overRow('total', (a, b) => `${a} + ${b}`)}
  ${has('sinkLogits') ? each((n) => `total_${n} += exp(sinkLogit - largest_${n});`) : ''}
  ${each((n) => `let logSum_${n} = largest_${n} + log(total_${n});`)}`

  const expectations = () => `
  ${each((n) => `var expected_${n} = 0.0;`)}
  ${columnLoop(
    2,
    false,
    `
    ${arithmetic.products(2)}
    ${each(pairs)}
    ${each(weigh)}
    ${each((n) => `expected_${n} += dot(select(vec4<f32>(), p_${n} * product_1_${n}, seen_${n}), vec4<f32>(1.0));`)}`,
  )}
  ${overRow('expected', (a, b) => `${a} + ${b}`)}
  ${each(
    (n) => `if (place == 0 && row_${n} < endRow) {
    statistics[(sequence * problem.heads + head) * problem.queries + row_${n}] = vec2<f32>(logSum_${n}, expected_${n});
    ${wants('sinkLogits') ? `sinkLogitsSum -= exp(sinkLogit - logSum_${n}) * expected_${n};` : ''}
  }`,
  )}`

  const sumOverWorkgroup = (name: 'slopes' | 'bias' | 'sinkLogits') => `
  workgroupBarrier();
  ${arithmetic.scratch('i32(local)')} = ${name}Sum;
  workgroupBarrier();
  if (local == 0u) {
    var sum = 0.0;
    for (var i = 0; i < ${shape.threads}; i++) { sum += ${arithmetic.scratch('i')}; }
    parts[ownParts + ${partPlaces[name]}] = sum;
  }`
  const summed = (['slopes', 'bias', 'sinkLogits'] as const).filter(wants)

  const perHead = `
  let slope = ${has('slopes') ? `terms[${startOf('slopes')} + head]` : '0.0'};
  let bias = ${has('bias') ? `terms[${startOf('bias')} + head]` : '0.0'};
  ${has('sinkLogits') ? `let sinkLogit = terms[${startOf('sinkLogits')} + head];` : ''}
  let queryBase = (sequence * problem.queries * problem.heads + head) * ${headDim};`

  const rowsAreQueries = `
  let head = i32(group.y);
  let kvHead = head * problem.kvHeads / problem.heads;
  let keyBase = (sequence * problem.keys * problem.kvHeads + kvHead) * ${headDim};
  ${perHead}
  let endRow = problem.queries;
  let lastRow = min(firstRow + ${shape.rows}, endRow) - 1;
  let windowEnd = clamp(lastRow + offset + 1, 0, problem.keys);
  let windowStart = ${settings.windowed ? 'clamp(firstRow + offset - problem.window + 1, 0, windowEnd)' : '0'};
  let sinkEnd = ${settings.sinks ? 'min(sinkKeys, windowStart)' : '0'};
  let sinkSteps = (sinkEnd + ${shape.columns - 1}) / ${shape.columns};
  let steps = sinkSteps + (windowEnd - windowStart + ${shape.columns - 1}) / ${shape.columns};
  ${arithmetic.begin}
  ${summed.map((name) => `var ${name}Sum = 0.0;`).join('\n')}
  ${wanted.some(wants) ? 'let ownParts = ((sequence * problem.heads + head) * problem.tiles + tile) * problem.partsLength;' : ''}
  ${
    wants('distanceTable')
      ? `for (var d = i32(local); d < problem.partsLength - ${partPlaces.distanceTable}; d += ${shape.threads}) {
    parts[ownParts + ${partPlaces.distanceTable} + d] = 0.0;
  }`
      : ''
  }
  ${arithmetic.loadRows}
  ${softmax ? rowStatistics() : ''}
  ${softmax && pass === 'queryGradient' ? expectations() : ''}
  ${mainLoop}
  ${arithmetic.finish}
  ${summed.map(sumOverWorkgroup).join('\n')}`

  const rowsAreKeys = `
  let kvHead = i32(group.y);
  let keyBase = (sequence * problem.keys * problem.kvHeads + kvHead) * ${headDim};
  let endRow = problem.keys;
  let lastRow = min(firstRow + ${shape.rows}, endRow) - 1;
  let windowStart = clamp(firstRow - offset, 0, problem.queries);
  ${
    settings.windowed
      ? `var windowEnd = clamp(lastRow - offset + problem.window, windowStart, problem.queries);
  ${settings.sinks ? 'if (firstRow < sinkKeys) { windowEnd = problem.queries; }' : ''}`
      : 'let windowEnd = problem.queries;'
  }
  let sinkEnd = 0;
  let sinkSteps = 0;
  let steps = (windowEnd - windowStart + ${shape.columns - 1}) / ${shape.columns};
  ${arithmetic.begin}
  ${arithmetic.loadRows}
  let members = problem.heads / problem.kvHeads;
  for (var member = 0; member < members; member++) {
    let head = kvHead * members + member;
    ${perHead}
    ${mainLoop}
  }
  ${arithmetic.finish}`

  const source = `${arithmetic.directives}
struct Problem {
${problemFields.map((name) => `  ${name}: ${name === 'scale' ? 'f32' : name === 'notANumber' ? 'u32' : 'i32'},`).join('\n')}
}
${bindings.join('\n')}
${arithmetic.declarations}
${loadFunctions(sources, headDim)}

fn sees(query: vec4<i32>, key: vec4<i32>, distance: vec4<i32>, endQuery: i32, endKey: i32, sinkKeys: i32, sequence: i32) -> vec4<bool> {
  var seen = (distance >= vec4<i32>(0)) & (query < vec4<i32>(endQuery)) & (key < vec4<i32>(endKey));
  ${settings.windowed ? `seen = seen & ((distance < vec4<i32>(problem.window))${settings.sinks ? ' | (key < vec4<i32>(sinkKeys))' : ''});` : ''}
  ${
    settings.segments
      ? `let q = ${querySegments} + sequence * problem.queries + min(query, vec4<i32>(problem.queries - 1));
  let k = ${keySegments} + sequence * problem.keys + min(key, vec4<i32>(problem.keys - 1));
  seen = seen & (vec4<i32>(integers[q.x], integers[q.y], integers[q.z], integers[q.w])
    == vec4<i32>(integers[k.x], integers[k.y], integers[k.z], integers[k.w]));`
      : ''
  }
  return seen;
}

fn logits(products: vec4<f32>, distance: vec4<i32>, head: i32, slope: f32, bias: f32) -> vec4<f32> {
  var z = products * problem.scale;
  ${has('slopes') ? 'z += slope * vec4<f32>(distance);' : ''}
  ${has('bias') ? 'z += bias;' : ''}
  ${
    has('distanceTable')
      ? `let last = problem.tableLength - 1;
  let at = ${startOf('distanceTable')} + head * problem.tableLength + clamp(distance, vec4<i32>(0), vec4<i32>(last));
  let entries = vec4<f32>(terms[at.x], terms[at.y], terms[at.z], terms[at.w]);
  z += select(vec4<f32>(), entries, distance <= vec4<i32>(last));`
      : ''
  }
  return z;
}

// On some devices exp(NaN) is not NaN.
fn keepNaN(value: vec4<f32>, logit: vec4<f32>) -> vec4<f32> {
  return select(value, logit, (bitcast<vec4<u32>>(logit) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u));
}

@compute @workgroup_size(${shape.threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let tile = i32(group.x);
  let sequence = i32(group.z);
  let firstRow = tile * ${shape.rows};
  let offset = ${settings.ownPositions ? `integers[${places} + 2 * sequence]` : 'problem.distance'};
  let sinkKeys = ${settings.ownPositions ? `integers[${places} + 2 * sequence + 1]` : 'problem.sinkKeys'};
  let queryStride = problem.heads * ${headDim};
  let keyStride = problem.kvHeads * ${headDim};
  ${byKey ? rowsAreKeys : rowsAreQueries}
}
`
  return { source, inputs: inputs.map(([name]) => name), outputs: outputs.map(([name]) => name) }
}
