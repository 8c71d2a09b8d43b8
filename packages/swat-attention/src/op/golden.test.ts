import { readFileSync } from 'node:fs'
import { tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, type GoldenTensor, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { type KernelUnderTest, tolerances } from '../testing/conformance.js'
import { kernelsUnderTest } from '../testing/kernels-under-test.js'
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

const noGpu = await webgpuUnavailable()
const skipped = ({ backend }: KernelUnderTest) => (backend === 'webgpu' && noGpu ? ` (skipped: ${noGpu})` : '')
const titled = kernelsUnderTest.map((on) => ({ ...on, reason: skipped(on) }))

describe.each(titled)('swatAttention against the golden files, $use kernel on $backend $precision$reason', (on) => {
  const { output: ofOutput, gradients: ofGradients } = tolerances[on.precision ?? 'float32']

  beforeAll(async () => {
    if (!on.reason) await useEngine({ backend: on.backend })
  })

  it.skipIf(on.reason !== '').each(cases)('$name', async (golden) => {
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
        kernels: { use: on.use, precision: on.precision },
      })
    }
    const tensors = given.map(([, value]) => value)
    expectClose(await run(...tensors).data(), golden.out.data, { relative: ofOutput, name: 'out' })
    const gradients = tf.grads(run)(tensors, tensor(golden.dout))
    for (const [i, [name]] of given.entries()) {
      const tolerance = { relative: ofGradients, absolute: 1e-9, name }
      expect(gradients[i].shape, name).toEqual(golden.grads[name].shape)
      expectClose(await gradients[i].data(), golden.grads[name].data, tolerance)
    }
  })
})
