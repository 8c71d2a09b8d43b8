import { swatAttention } from '@swat-js/swat-attention'
import { createRandom, tf } from '@swat-js/tensor-core'
import { onReferenceBackend } from '../reference/on-reference-backend.js'
import { relativeError } from '../reference/relative-error.js'
import type { AttentionResult } from './attention-method.js'
import type { AttentionProblem, AttentionShape } from './attention-problem.js'

type ResultName = keyof AttentionResult
const resultNames: readonly ResultName[] = ['output', 'dQueries', 'dKeys', 'dValues']

/**
 * A piece of a problem that the reference can compute on its own: queries `[firstQuery, end)` of some heads, and keys
 * `[firstKey, end)`, which is all that they see.
 */
interface Block {
  part: number
  firstSequence: number
  sequences: number
  firstKvHead: number
  kvHeads: number
  /** Query heads of a key head. */
  group: number
  firstQuery: number
  firstKey: number
  end: number
  /** Keys `[firstQuery, keysEnd)` are seen by no query outside of the block: their gradients are complete. */
  keysEnd: number
}

/** What the reference kernel says about a problem, in whole or in blocks. */
export interface AttentionReference {
  /** Which rows were computed, in words. */
  rows: string
  /** Blocks with the tensors that can be compared there. */
  blocks: { block: Block; expected: Partial<Record<ResultName, Float32Array>> }[]
}

/** How far a result is from the reference, relative to the largest magnitude of the tensor in a block. */
export interface AttentionErrors {
  /** Of the outputs. */
  output: number
  /** Of the gradients; null when there are none. */
  gradients: number | null
}

/** (query, key) pairs that the reference computes for one problem, with heads of 64: some seconds of plain loops. */
const affordablePairs = 1.5e6

/** Rows of a block that are chosen; the queries that see the chosen keys come on top. */
const chosenRows = 16

/**
 * Computes the reference (plain loops in double precision) for a problem on the active backend. Where the whole is too
 * much for plain loops, it takes rows at the start, at a random place and at the end: queries with the keys they see,
 * keys with the queries that see them.
 *
 * @param problem - the inputs
 * @returns expected outputs and gradients
 */
export async function attentionReference(problem: AttentionProblem): Promise<AttentionReference> {
  const { batch, heads, headDim, length } = problem.shape
  const affordable = (affordablePairs * 64) / headDim
  const whole = batch * heads * widest(problem.shape) * length <= affordable
  const blocks = whole ? wholeParts(problem) : sampledBlocks(problem, affordable / 3)
  const computed: AttentionReference['blocks'] = []
  for (const block of blocks) computed.push({ block, expected: await expectedResult(problem, block) })
  return { rows: whole ? 'all rows' : describeBlocks(blocks, problem), blocks: computed }
}

/** The most keys a query sees. */
function widest({ window, length }: AttentionShape): number {
  return Math.min(window ?? length, length)
}

function wholeParts({ shape, parts }: AttentionProblem): Block[] {
  const { batch, heads, kvHeads, length } = shape
  return parts.map(({ keys }, part) => ({
    part,
    firstSequence: 0,
    sequences: batch,
    firstKvHead: 0,
    kvHeads: keys.shape[2],
    group: heads / kvHeads,
    firstQuery: 0,
    firstKey: 0,
    end: length,
    keysEnd: length,
  }))
}

function sampledBlocks({ shape, parts }: AttentionProblem, affordable: number): Block[] {
  const { batch, heads, kvHeads, length } = shape
  const random = createRandom(length)
  const partKvHeads = parts[0].keys.shape[2]
  const rows = Math.min(chosenRows, length)
  const pairsPerQuery = (widest(shape) * heads) / kvHeads
  const middle = random.integer(length - rows + 1)
  return [0, middle, length - rows].map((firstQuery, i) => {
    const afterFollowers = Math.min(length, firstQuery + rows + widest(shape) - 1)
    const withKeys = (afterFollowers - firstQuery) * pairsPerQuery <= affordable
    const end = withKeys ? afterFollowers : firstQuery + rows
    const affordableHeads = Math.floor(affordable / ((end - firstQuery) * pairsPerQuery))
    const checkedKvHeads = Math.max(1, Math.min(partKvHeads, affordableHeads))
    return {
      part: [0, random.integer(parts.length), parts.length - 1][i],
      firstSequence: [0, random.integer(batch), batch - 1][i],
      sequences: 1,
      firstKvHead: random.integer(partKvHeads - checkedKvHeads + 1),
      kvHeads: checkedKvHeads,
      group: heads / kvHeads,
      firstQuery,
      firstKey: Math.max(0, firstQuery - widest(shape) + 1),
      end,
      keysEnd: end === afterFollowers ? firstQuery + rows : firstQuery,
    }
  })
}

function describeBlocks(blocks: readonly Block[], { shape }: AttentionProblem): string {
  const rows = blocks.map(({ firstQuery, end }) => `${firstQuery}–${end - 1}`).join(', ')
  const fewest = Math.min(...blocks.map(({ kvHeads }) => kvHeads))
  const heads = fewest === shape.kvHeads ? 'all heads' : `at least ${fewest} of ${shape.kvHeads} key heads`
  const keysIn = blocks.filter(({ firstQuery, keysEnd }) => keysEnd > firstQuery).length
  const keys = keysIn === blocks.length ? '' : `, gradients of keys in ${keysIn} of ${blocks.length} places`
  return `rows ${rows}, ${heads}${keys}`
}

async function expectedResult(
  problem: AttentionProblem,
  block: Block,
): Promise<Partial<Record<ResultName, Float32Array>>> {
  const { window, activation } = problem.shape
  const part = problem.parts[block.part]
  const sequences: Range = [block.firstSequence, block.sequences]
  const queryRows: Range = [block.firstQuery, block.end - block.firstQuery]
  const keyRows: Range = [block.firstKey, block.end - block.firstKey]
  const inputs = [
    await readRows(part.queries, sequences, queryRows, queryHeads(block)),
    await readRows(part.keys, sequences, keyRows, keyHeads(block)),
    await readRows(part.values, sequences, keyRows, keyHeads(block)),
  ]
  const { outputGradient, slopes } = part
  const dOutput = outputGradient && (await readRows(outputGradient, sequences, queryRows, queryHeads(block)))
  const [firstHead, heads] = queryHeads(block)
  const attend = (queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor): tf.Tensor =>
    swatAttention(queries as tf.Tensor4D, keys as tf.Tensor4D, values as tf.Tensor4D, {
      window,
      activation,
      slopes: slopes?.slice(firstHead, firstHead + heads),
      queryOffset: block.firstQuery,
      keyOffset: block.firstKey,
      kernels: { use: 'cpu' },
    })
  return onReferenceBackend(() => {
    const [queries, keys, values] = inputs.map(({ data, shape }) => tf.tensor(data, shape))
    const numbers = (tensor: tf.Tensor) => tensor.dataSync<'float32'>()
    if (dOutput === null) return { output: numbers(attend(queries, keys, values)) }
    const dO = tf.tensor(dOutput.data, dOutput.shape)
    const { value, grads } = tf.valueAndGrads(attend)([queries, keys, values], dO)
    const checkedKeys = (gradient: tf.Tensor) => {
      const [first, count] = [block.firstQuery - block.firstKey, block.keysEnd - block.firstQuery]
      return count === 0 ? undefined : numbers(tf.slice(gradient as tf.Tensor4D, [0, first, 0, 0], [-1, count, -1, -1]))
    }
    const [dQueries, dKeys, dValues] = grads
    return {
      output: numbers(value),
      dQueries: numbers(dQueries),
      dKeys: checkedKeys(dKeys),
      dValues: checkedKeys(dValues),
    }
  })
}

/**
 * Compares a result with the reference.
 *
 * @param results - of all parts, on the active backend
 * @param reference - of the same problem
 * @returns the largest errors
 */
export async function attentionErrors(
  results: readonly AttentionResult[],
  reference: AttentionReference,
): Promise<AttentionErrors> {
  const errors: AttentionErrors = { output: 0, gradients: results[0].dKeys === null ? null : 0 }
  for (const { block, expected } of reference.blocks) {
    const result = results[block.part]
    for (const name of resultNames) {
      const [wanted, tensor] = [expected[name], result[name]]
      if (wanted === undefined || tensor === null) continue
      const ofQueries = name === 'output' || name === 'dQueries'
      const rows: Range = [block.firstQuery, (ofQueries ? block.end : block.keysEnd) - block.firstQuery]
      const heads = ofQueries ? queryHeads(block) : keyHeads(block)
      const { data } = await readRows(tensor, [block.firstSequence, block.sequences], rows, heads)
      const error = relativeError(data, wanted)
      if (name === 'output') errors.output = Math.max(errors.output, error)
      else errors.gradients = Math.max(errors.gradients ?? 0, error)
    }
  }
  return errors
}

/** First and count. */
type Range = [first: number, count: number]

const keyHeads = ({ firstKvHead, kvHeads }: Block): Range => [firstKvHead, kvHeads]
const queryHeads = ({ firstKvHead, kvHeads, group }: Block): Range => [firstKvHead * group, kvHeads * group]

async function readRows(
  tensor: tf.Tensor4D,
  sequences: Range,
  rows: Range,
  heads: Range,
): Promise<{ data: Float32Array; shape: number[] }> {
  const shape: [number, number, number, number] = [sequences[1], rows[1], heads[1], tensor.shape[3]]
  const slice = tf.slice(tensor, [sequences[0], rows[0], heads[0], 0], shape)
  const data = (await slice.data()) as Float32Array
  slice.dispose()
  return { data, shape }
}
