import { logSigmoid, sigmoid, silu } from '@swat-js/tensor-core'
import { recurrence } from '../linear-attention/testing/recurrence.js'
import { recurrentSizes, type RecurrentSettings } from '../recurrent-settings.js'

/** Parameters of a layer as numbers, by name. */
export type ReferenceParameters = ReadonlyMap<string, ArrayLike<number>>

/** Channels of all tokens, one list for each token. */
type Tokens = readonly Float64Array[]

/**
 * The recurrent layers of spec 7 for one sequence, as loops in double precision that go token by token.
 *
 * @param x - `[length, hidden]`
 * @param parameters - by the names of `recurrentParameterShapes`
 * @param settings - of the layer
 * @returns `[length, hidden]`, row-major
 */
export function referenceLayer(
  x: ArrayLike<number>,
  parameters: ReferenceParameters,
  settings: RecurrentSettings,
): number[] {
  const { hiddenSize, normEpsilon } = settings
  const { heads, keyDim, valueDim } = recurrentSizes(settings)
  const of = (name: string) => parameters.get(name) as ArrayLike<number>
  const length = x.length / hiddenSize
  const tokens: Tokens = Array.from({ length }, (_, t) =>
    Float64Array.from({ length: hiddenSize }, (_, i) => x[t * hiddenSize + i]),
  )
  const project = (input: Tokens, name: string) => input.map((token) => times(of(name), token))
  const run = (rest: Omit<Parameters<typeof recurrence>[0], 'batch' | 'length' | 'heads' | 'keyDim' | 'valueDim'>) =>
    rows(recurrence({ batch: 1, length, heads, keyDim, valueDim, ...rest }).output, heads * valueDim)
  const finish = (output: Tokens, norm: string, gates: Tokens | null) =>
    output.flatMap((token, t) => {
      const normalised = eachHead(token, heads, (head) => rmsNormOf(head, of(norm), normEpsilon))
      return [
        ...times(
          of('o_proj.weight'),
          normalised.map((y, i) => (gates ? y * silu(gates[t][i]) : y)),
        ),
      ]
    })
  const scale = keyDim ** -0.5

  switch (settings.type) {
    case 'retnet': {
      const turned = (name: string) =>
        project(tokens, name).map((token, t) => eachHead(token, heads, (head) => turn(head, t, settings.ropeBase)))
      const logDecay = tokens.flatMap(() => Array.from({ length: heads }, (_, h) => Math.log(1 - 2 ** (-5 - h))))
      const [queries, keys] = ['q_proj.weight', 'k_proj.weight'].map((name) => flat(turned(name)))
      const output = run({ scale, queries, keys, values: flat(project(tokens, 'v_proj.weight')), logDecay })
      return finish(output, 'g_norm_swish_gate.weight', project(tokens, 'g_proj.weight'))
    }
    case 'gla': {
      const gates = project(project(tokens, 'gk_proj.0.weight'), 'gk_proj.1.weight').map((token) =>
        token.map((gate, i) => logSigmoid(gate + of('gk_proj.1.bias')[i]) / settings.gateNormaliser),
      )
      const [queries, keys, values] = ['q', 'k', 'v'].map((name) => flat(project(tokens, `${name}_proj.weight`)))
      const output = run({ scale, queries, keys, values, logDecay: flat(gates) })
      return finish(output, 'g_norm_swish_gate.weight', project(tokens, 'g_proj.weight'))
    }
    case 'mamba2': {
      const inner = heads * valueDim
      const projected = project(tokens, 'in_proj.weight')
      const channels = inner + 2 * keyDim
      const mixed = convolve(
        projected.map((token) => token.slice(inner, inner + channels)),
        of('conv1d.weight'),
        of('conv1d.bias'),
      )
      const forAllHeads = (start: number) =>
        mixed.flatMap((token) => Array.from({ length: heads }, () => [...token.slice(start, start + keyDim)]).flat())
      const steps = projected.map((token) =>
        token.slice(inner + channels).map((step, h) => -logSigmoid(-(step + of('dt_bias')[h]))),
      )
      const values = mixed.map((token) => token.slice(0, inner))
      const output = run({
        scale: 1,
        queries: forAllHeads(inner + keyDim),
        keys: forAllHeads(inner),
        values: flat(values.map((token, t) => token.map((value, i) => value * steps[t][Math.floor(i / valueDim)]))),
        logDecay: flat(steps.map((token) => token.map((step, h) => -step * Math.exp(of('A_log')[h])))),
      })
      return output.flatMap((token, t) => {
        const passed = token.map((y, i) => y + of('D')[Math.floor(i / valueDim)] * values[t][i])
        const gated = passed.map((y, i) => y * silu(projected[t][i]))
        return [...times(of('out_proj.weight'), rmsNormOf(gated, of('norm.weight'), normEpsilon))]
      })
    }
    case 'deltanet':
    case 'gated-deltanet': {
      const [queries, keys, values] = ['q', 'k', 'v'].map((name) =>
        convolve(project(tokens, `${name}_proj.weight`), of(`${name}_conv1d.weight`), null),
      )
      const unit = (input: Tokens) => flat(input.map((token) => eachHead(token, heads, ofLength1)))
      const beta = flat(project(tokens, 'b_proj.weight')).map(sigmoid)
      const isGated = settings.type === 'gated-deltanet'
      const decays = isGated
        ? project(tokens, 'a_proj.weight').map((token) =>
            token.map((step, h) => Math.exp(of('A_log')[h]) * logSigmoid(-(step + of('dt_bias')[h]))),
          )
        : null
      const output = run({
        ...{ scale, queries: unit(queries), keys: unit(keys), values: flat(values), beta },
        ...(decays && { logDecay: flat(decays) }),
      })
      return finish(output, 'o_norm.weight', isGated ? project(tokens, 'g_proj.weight') : null)
    }
  }
}

const flat = (tokens: Tokens): number[] => tokens.flatMap((token) => [...token])

function rows(values: Float64Array, size: number): Tokens {
  return Array.from({ length: values.length / size }, (_, t) => values.slice(t * size, (t + 1) * size))
}

function times(matrix: ArrayLike<number>, vector: Float64Array): Float64Array {
  return Float64Array.from({ length: matrix.length / vector.length }, (_, row) =>
    vector.reduce((sum, value, i) => sum + value * matrix[row * vector.length + i], 0),
  )
}

function eachHead(token: Float64Array, heads: number, f: (head: Float64Array) => Float64Array): Float64Array {
  const size = token.length / heads
  return Float64Array.from(
    Array.from({ length: heads }, (_, h) => [...f(token.slice(h * size, (h + 1) * size))]).flat(),
  )
}

function rmsNormOf(x: Float64Array, weight: ArrayLike<number>, epsilon: number): Float64Array {
  const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length
  return x.map((value, i) => (value * weight[i]) / Math.sqrt(meanSquare + epsilon))
}

function ofLength1(x: Float64Array): Float64Array {
  const square = x.reduce((sum, value) => sum + value * value, 0)
  return x.map((value) => value / Math.sqrt(square + 1e-6))
}

/** Pairs i and i + half, by position · base^(−2i/size). */
function turn(x: Float64Array, position: number, base: number): Float64Array {
  const half = x.length / 2
  return x.map((value, i) => {
    const angle = position * base ** (-(i % half) / half)
    return i < half
      ? value * Math.cos(angle) - x[i + half] * Math.sin(angle)
      : x[i - half] * Math.sin(angle) + value * Math.cos(angle)
  })
}

/** The factor of the newest token is the last. */
function convolve(tokens: Tokens, weight: ArrayLike<number>, bias: ArrayLike<number> | null): Tokens {
  const width = weight.length / tokens[0].length
  return tokens.map((token, t) =>
    token.map((_, channel) => {
      let sum = bias ? bias[channel] : 0
      for (let back = 0; back < width && back <= t; back++) {
        sum += weight[channel * width + width - 1 - back] * tokens[t - back][channel]
      }
      return silu(sum)
    }),
  )
}
