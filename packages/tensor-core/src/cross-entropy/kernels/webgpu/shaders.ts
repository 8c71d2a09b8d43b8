import {
  keepNaN,
  laneReduction,
  mainOfWorkgroups,
  rowDivision,
  storageBindings,
  vectorType,
  vectorWidth,
  workgroupThreads,
} from '../../../engines/webgpu/wgsl.js'

/**
 * How the threads of a workgroup share out rows. Long rows get large workgroups: the backward pass reads a row twice,
 * and the fewer rows are under way at once, the more of them are still in the GPU's cache the second time.
 */
export function divisionOf(vocabSize: number, mostThreads: number) {
  const width = vectorWidth(vocabSize)
  const columns = vocabSize / width
  const threads =
    columns >= 4 * workgroupThreads ? Math.min(1024, 2 ** Math.floor(Math.log2(mostThreads))) : workgroupThreads
  return { width, vector: vectorType[width], columns, threads, ...rowDivision(columns, threads) }
}

/** Vectors that a thread has under way at once: their exponentials are rescaled together. */
const loadsAtOnce = 4

/** The sum of exponentials of a row, from parts of it that know their largest logit. */
function rowStatistics(vocabSize: number, mostThreads: number): string {
  const { width, vector, columns, lanes, threads } = divisionOf(vocabSize, mostThreads)
  const elements = width === 4 ? ['z.x', 'z.y', 'z.z', 'z.w'] : ['z']
  const forLoads = (body: string) => `for (var n = 0u; n < ${loadsAtOnce}u; n++) {
      if (first + n * ${lanes}u < ${columns}u) {
        ${body}
      }
    }`
  return `
${keepNaN}

struct Statistics {
  largest: f32,
  sum: f32, // of exp(logit − largest); NaN where a logit is NaN or infinity
}

fn together(a: Statistics, b: Statistics) -> Statistics {
  let largest = max(a.largest, b.largest);
  return Statistics(largest, a.sum * exp(a.largest - largest) + b.sum * exp(b.largest - largest));
}
${laneReduction({ name: 'ofLanes', type: 'Statistics', lanes, threads, combine: (a, b) => `together(${a}, ${b})` })}

fn ofLane(row: u32, lane: u32) -> Statistics {
  var largest = -3.0e38;
  var sum = 0.0;
  for (var first = lane; first < ${columns}u; first += ${loadsAtOnce * lanes}u) {
    var loaded: array<${vector}, ${loadsAtOnce}>;
    var most = largest;
    ${forLoads(`let z: ${vector} = logits[row * ${columns}u + first + n * ${lanes}u];
        loaded[n] = z;
        ${elements.map((element) => `most = max(most, ${element});`).join(' ')}`)}
    sum *= exp(largest - most);
    largest = most;
    ${forLoads(`let z = loaded[n];
        ${elements.map((element) => `sum += keepNaN(exp(${element} - most), ${element} - most);`).join('\n        ')}`)}
  }
  return Statistics(largest, sum);
}`
}

/** The head of both passes: `row`, `lane`, whether the row is `scored`, and its `statistics`. */
function mainOfRows(vocabSize: number, mostThreads: number): string {
  const { lanes, rowsAtOnce, threads } = divisionOf(vocabSize, mostThreads)
  return `${mainOfWorkgroups(threads)}
  let lane = thread % ${lanes}u;
  let row = workgroupIndex * ${rowsAtOnce}u + thread / ${lanes}u;
  let exists = row < arrayLength(&rowWeights);
  let rowWeight = select(0.0, rowWeights[min(row, arrayLength(&rowWeights) - 1u)], exists);
  let scored = (bitcast<u32>(rowWeight) & 0x7fffffffu) != 0u; // also by NaN, which for a GPU equals what it likes
  var part = Statistics(0.0, 0.0);
  if (scored) { part = ofLane(row, lane); }
  let statistics = ofLanes(thread, part);`
}

/** What each row adds to the loss. */
export function forwardShader(vocabSize: number, mostThreads: number): string {
  const { width, vector } = divisionOf(vocabSize, mostThreads)
  return `
${storageBindings({ logits: vector, labels: 'i32', rowWeights: 'f32' }, { losses: 'f32' })}
${rowStatistics(vocabSize, mostThreads)}
${mainOfRows(vocabSize, mostThreads)}
  if (exists && lane == 0u) {
    var loss = 0.0;
    if (scored) {
      let label = row * ${vocabSize}u + u32(labels[row]);
      let chosen = logits[label / ${width}u]${width === 4 ? '[label % 4u]' : ''};
      loss = rowWeight * (statistics.largest - chosen + keepNaN(log(statistics.sum), statistics.sum));
    }
    losses[row] = loss;
  }
}`
}

/** The gradient of every logit. */
export function backwardShader(vocabSize: number, mostThreads: number): string {
  const { width, vector, columns, lanes } = divisionOf(vocabSize, mostThreads)
  const indices = width === 4 ? 'vec4<u32>(column * 4u) + vec4<u32>(0u, 1u, 2u, 3u)' : 'column'
  const label = width === 4 ? 'vec4<u32>(label)' : 'label'
  return `
${storageBindings({ logits: vector, labels: 'i32', rowWeights: 'f32', lossGradient: 'f32' }, { gradient: vector })}
${rowStatistics(vocabSize, mostThreads)}
${mainOfRows(vocabSize, mostThreads)}
  if (exists) {
    let label = u32(labels[row]);
    let factor = lossGradient[0] * rowWeight;
    let scale = 1.0 / statistics.sum; // of exponentials, to probabilities
    for (var column = lane; column < ${columns}u; column += ${lanes}u) {
      let place = row * ${columns}u + column;
      var result = ${vector}(0.0);
      if (scored) {
        let isLabel = select(${vector}(0.0), ${vector}(1.0), ${indices} == ${label});
        result = factor * (exp(logits[place] - statistics.largest) * scale - isLabel);
      }
      gradient[place] = result;
    }
  }
}`
}

/** The sum of all elements, by one workgroup. */
export const sumShader = `
${storageBindings({ parts: 'f32' }, { total: 'f32' })}
${laneReduction({ name: 'laneSum', type: 'f32', lanes: workgroupThreads })}
${mainOfWorkgroups()}
  var sum = 0.0;
  for (var i = thread; i < arrayLength(&parts); i += ${workgroupThreads}u) { sum += parts[i]; }
  let all = laneSum(thread, sum);
  if (thread == 0u) { total[0] = all; }
}`
