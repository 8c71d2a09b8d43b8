import type { AttentionActivation, AttentionTerm } from '../../../op/contract.js'
import { problemDeclaration, workgroupIndex } from './problem.js'

/** Threads of a workgroup: one a key of the window within these bounds. */
const [fewestThreads, mostThreads] = [32, 128]

/** What is written into the shader's text; positions and lengths are read at run time. */
export interface AttendSettings {
  /** Number of sequences. */
  batchSize: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; Infinity = every earlier key. */
  window: number
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** The terms that take part, in the order of their bindings. */
  terms: readonly AttentionTerm[]
}

/** How the threads of a workgroup share a head and the keys of a tile. */
function division({ headDim, window }: Pick<AttendSettings, 'headDim' | 'window'>) {
  const threads = Math.min(mostThreads, Math.max(fewestThreads, powerOfTwo(window)))
  const width = headDim % 4 === 0 ? 4 : 1
  const columns = headDim / width // elements of a head
  const lanes = Math.min(threads, powerOfTwo(columns)) // threads that share out a head
  return { threads, width, columns, lanes }
}

/** Bytes of workgroup memory that the shader takes: query, weights, starts, parts. */
export function attendWorkgroupBytes(settings: Pick<AttendSettings, 'headDim' | 'window'>): number {
  const { threads, width, columns } = division(settings)
  const variables = [4 * width * columns, 4 * threads, 4 * threads, 4 * width * threads]
  return variables.reduce((sum, bytes) => sum + 16 * Math.ceil(bytes / 16), 0)
}

/**
 * One query of one head a workgroup. First each thread takes a key and computes its weight, then each a few elements of
 * the head and a share of the keys and sums up weight · value; tile after tile of as many keys as there are threads.
 */
export function attendShader({ batchSize, headDim, window, activation, terms }: AttendSettings): string {
  const { threads, width, columns, lanes } = division({ headDim, window })
  const element = width === 4 ? 'vec4<f32>' : 'f32'
  const shares = threads / lanes // of the keys
  const held = Math.ceil(columns / lanes) // elements a thread sums up
  const softmax = activation === 'softmax'
  const inputs = ['queries', 'keys', 'values', 'pastKeys', 'pastValues', ...terms, 'output']
  const bindings = inputs.map((name, i) => {
    const isTerm = (terms as readonly string[]).includes(name)
    const access = name === 'output' ? 'read_write' : 'read'
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${isTerm ? 'f32' : element}>;`
  })
  const termSum = {
    slopes: 'logit += slopes[head] * distance;',
    bias: 'logit += bias[head];',
    distanceTable:
      'if (distance < f32(problem.tableLength)) ' +
      '{ logit += distanceTable[head * problem.tableLength + i32(distance)]; }',
    sinkLogits: '',
  }

  return `
${bindings.join('\n')}
${problemDeclaration(inputs.length, batchSize)}

var<workgroup> query: array<${element}, ${columns}>;
var<workgroup> weights: array<f32, ${threads}>;
var<workgroup> starts: array<i32, ${threads}>; // of values among all values, − 1 − start of new ones
var<workgroup> parts: array<${element}, ${threads}>;

fn product(a: ${element}, b: ${element}) -> f32 {
  return ${width === 4 ? 'dot(a, b)' : 'a * b'};
}

// On some devices exp(NaN) is not NaN.
fn keepNaN(value: f32, logit: f32) -> f32 {
  return select(value, logit, (bitcast<u32>(logit) & 0x7fffffffu) > 0x7f800000u);
}

fn sigmoid(logit: f32) -> f32 {
  let e = exp(-abs(logit));
  return keepNaN(select(1.0, e, logit < 0.0) / (1.0 + e), logit);
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let index = ${workgroupIndex};
  let me = i32(thread);
  let head = index % problem.heads;
  let token = (index / problem.heads) % problem.length;
  let sequence = index / problem.heads / problem.length;
  if (sequence >= ${batchSize}) { return; }
  let place = problem.places[sequence];
  if (token >= place.count) {
    for (var i = me; i < ${columns}; i += ${threads}) { output[index * ${columns} + i] = ${element}(0); }
    return;
  }
  for (var i = me; i < ${columns}; i += ${threads}) {
    query[i] = queries[index * ${columns} + i] * problem.scale;
  }

  // what the query sees: past sinks, past keys from the oldest on, sinks among the new keys, its window of new keys
  let sinks = place.endSink - place.firstSink;
  let ages = clamp(problem.window - 1 - token, 0, place.kept);
  let windowStart = max(0, token + 1 - problem.window);
  let newSinks = min(place.newSinks, windowStart);
  let seen = sinks + ages + newSinks + token + 1 - windowStart;
  let kvHead = head * problem.kvHeads / problem.heads;
  let rows = problem.sinks + problem.capacity;

  let lane = me % ${lanes};
  let share = me / ${lanes};
  var sums: array<${element}, ${held}>;
  ${softmax ? softmaxStart(terms) : ''}
  workgroupBarrier();

  for (var first = 0; first < seen; first += ${threads}) {
    let tile = min(${threads}, seen - first);
    var logit = 0.0;
    if (me < tile) {
      var n = first + me;
      var row = place.firstSink + n;
      var distance = place.sinkDistance + f32(token - n);
      var past = true;
      if (n >= sinks) {
        n -= sinks;
        let age = ages - n;
        row = problem.sinks + (place.slot - age + problem.capacity) % problem.capacity;
        distance = f32(token + age);
        if (n >= ages) {
          n -= ages;
          past = false;
          row = select(windowStart + n - newSinks, n, n < newSinks);
          distance = f32(token - row);
        }
      }
      let vector = (select(sequence * problem.length, sequence * rows, past) + row) * problem.kvHeads + kvHead;
      let start = vector * ${columns};
      starts[me] = select(-1 - start, start, past);
      if (past) {
        for (var d = 0; d < ${columns}; d++) { logit += product(query[d], pastKeys[start + d]); }
      } else {
        for (var d = 0; d < ${columns}; d++) { logit += product(query[d], keys[start + d]); }
      }
      ${terms.map((term) => termSum[term]).join('\n      ')}
      weights[me] = ${softmax ? 'logit' : 'sigmoid(logit)'};
    }
    workgroupBarrier();
    ${softmax ? softmaxTile(held) : ''}
    for (var k = share; k < tile; k += ${shares}) {
      let start = starts[k];
      let weight = weights[k];
      for (var c = 0; c < ${held}; c++) {
        let d = lane + c * ${lanes};
        if (d < ${columns}) {
          if (start >= 0) { sums[c] += weight * pastValues[start + d]; }
          else { sums[c] += weight * values[-1 - start + d]; }
        }
      }
    }
    workgroupBarrier();
  }

  for (var c = 0; c < ${held}; c++) {
    parts[me] = sums[c];
    workgroupBarrier();
    let d = lane + c * ${lanes};
    if (share == 0 && d < ${columns}) {
      var sum = ${element}(0);
      for (var s = 0; s < ${shares}; s++) { sum += parts[s * ${lanes} + lane]; }
      output[index * ${columns} + d] = sum${softmax ? ' / total' : ''};
    }
    workgroupBarrier();
  }
}`
}

/** The least power of two that is not below a number. */
function powerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(number))
}

/** Every thread keeps the same largest logit and sum of exponentials. */
function softmaxStart(terms: readonly AttentionTerm[]): string {
  const sink = terms.includes('sinkLogits')
  return `
  var largest = ${sink ? 'sinkLogits[head]' : '-3.0e38'};
  var total = ${sink ? '1.0' : '0.0'};`
}

/** Logits to exponentials; what came before is scaled to the same largest logit. */
function softmaxTile(held: number): string {
  return `
    var most = largest;
    for (var k = 0; k < tile; k++) { most = max(most, weights[k]); }
    workgroupBarrier();
    if (me < tile) { weights[me] = keepNaN(exp(weights[me] - most), weights[me]); }
    workgroupBarrier();
    let factor = exp(largest - most);
    largest = most;
    total *= factor;
    for (var k = 0; k < tile; k++) { total += weights[k]; }
    for (var c = 0; c < ${held}; c++) { sums[c] *= factor; }`
}
