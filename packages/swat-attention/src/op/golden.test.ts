import { readFileSync } from 'node:fs'
import { type BackendName, type KernelName, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, type GoldenTensor } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, it } from 'vitest'
import { swatAttention } from './swat-attention.js'

interface GoldenCase {
  name: string
  config: {
    window: number | null
    scale: number
    q_offset: number
    k_offset: number
    kind: 'sigmoid' | 'softmax'
    slopes?: number[]
    bias?: number[]
    sinks?: number
    sink_logit?: number[]
  }
  q: GoldenTensor
  k: GoldenTensor
  v: GoldenTensor
  dout: GoldenTensor
  out: GoldenTensor
  table?: GoldenTensor
  grads: Record<string, GoldenTensor>
}

const read = (file: string): GoldenCase[] =>
  JSON.parse(readFileSync(new URL(`../../../../test/golden/${file}.json`, import.meta.url), 'utf8')).cases
const cases = [...read('attention'), ...read('softmax-attention')]

const tensor = <T extends tf.Tensor>({ shape, data }: GoldenTensor) => tf.tensor([...data], [...shape]) as T
const vector = (values: number[] | undefined) => (values ? tf.tensor1d(values) : null)

/** The tensors of a case under the golden names of their gradients. */
function inputsOf({ q, k, v, table, config }: GoldenCase) {
  return {
    dq: tensor<tf.Tensor4D>(q),
    dk: tensor<tf.Tensor4D>(k),
    dv: tensor<tf.Tensor4D>(v),
    dslopes: vector(config.slopes),
    dbias: vector(config.bias),
    dtable: table ? tensor<tf.Tensor2D>(table) : null,
    dsink: vector(config.sink_logit),
  }
}

describe.each<{ backend: BackendName; use: KernelName }>([
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
])('swatAttention against the golden files, $use kernel on $backend', ({ backend, use }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each(cases)('$name', (golden) => {
    const { config } = golden
    const inputs = inputsOf(golden)
    const given = Object.entries(inputs).flatMap<[string, tf.Tensor]>(([name, value]) => (value ? [[name, value]] : []))
    const run = (...tensors: tf.Tensor[]) => {
      const now = { ...inputs, ...Object.fromEntries(given.map(([name], i) => [name, tensors[i]])) } as typeof inputs
      return swatAttention(now.dq, now.dk, now.dv, {
        window: config.window,
        activation: config.kind,
        scale: config.scale,
        queryOffset: config.q_offset,
        keyOffset: config.k_offset,
        sinks: config.sinks,
        slopes: now.dslopes,
        bias: now.dbias,
        distanceTable: now.dtable,
        sinkLogits: now.dsink,
        kernels: { use },
      })
    }
    const tensors = given.map(([, value]) => value)
    expectClose(run(...tensors), golden.out, { relative: 2e-6, name: 'out' })
    const gradients = tf.grads(run)(tensors, tensor(golden.dout))
    given.forEach(([name], i) => {
      expectClose(gradients[i], golden.grads[name], { relative: 1e-5, absolute: 1e-9, name })
    })
  })
})
