import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { kernels } from '../swi-glu/kernels/index.js'
import { swiGlu } from '../swi-glu/swi-glu.js'
import { expectClose, type GoldenTensor } from '../testing/expect-close.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { logSigmoid, sigmoid, sigmoidDerivative } from './sigmoid.js'
import { silu, siluDerivative } from './silu.js'

const readGolden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../test/golden/${name}.json`, import.meta.url), 'utf8'))
const golden = readGolden('sigmoid')

describe.each([
  { name: 'sigmoid', f: sigmoid, expected: golden.sigmoid },
  { name: 'sigmoidDerivative', f: sigmoidDerivative, expected: golden.dsigmoid },
  { name: 'logSigmoid', f: logSigmoid, expected: golden.logsigmoid },
  { name: 'silu', f: silu, expected: golden.silu },
  { name: 'siluDerivative', f: siluDerivative, expected: golden.dsilu },
])('$name', ({ f, expected }) => {
  const points = (golden.x as number[]).map((x, i) => ({ x, y: expected[i] as number }))
  it.each(points)('at $x is $y', ({ x, y }) => {
    if (Math.abs(y) > 1e-300) expect(Math.abs(f(x) / y - 1)).toBeLessThan(1e-12)
    else expect(Math.abs(f(x) - y)).toBeLessThan(1e-300)
  })
})

for (const on of kernelPairsOf(kernels))
  describeOn(`tensor forms: kernel '${on.use}'`, on, ({ backend, use }) => {
    let actual: Record<'sigmoid' | 'dsigmoid' | 'silu' | 'dsilu', GoldenTensor>

    beforeAll(async () => {
      await useEngine({ backend })
      actual = await valuesOf(() => {
        const x = tf.tensor1d(golden.x)
        const silu = (x: tf.Tensor) => swiGlu(x, tf.onesLike(x), { kernels: { use } })
        const { gradients } = valueAndGradients(({ x }) => tf.sum(silu(x)) as tf.Scalar, { x })
        return {
          sigmoid: tf.sigmoid(x),
          dsigmoid: tf.mul(tf.sigmoid(x), tf.sigmoid(tf.neg(x))),
          silu: silu(x),
          dsilu: gradients.x,
        }
      })
    })

    it.each((golden.x as number[]).map((x, i) => ({ x, i })))('golden: at $x', ({ x, i }) => {
      for (const [name, values] of Object.entries(actual)) {
        // float32 rounds x itself, which changes e^x by up to 3e-6; below 2^-126 a float32 σ is subnormal or 0, and
        // silu multiplies what is missing by x.
        const absolute = 2 ** -126 * Math.max(1, Math.abs(x))
        expectClose([values.data[i]], [golden[name][i]], { relative: 1e-5, absolute, name })
      }
    })

    it('golden: softmax and sigmoid of one row (SWAT Eq. 1)', async () => {
      const row = readGolden('softmax-attention').paper_eq1
      const { softmax, sigmoid } = await valuesOf(() => ({
        softmax: tf.softmax(tf.tensor1d(row.x)),
        sigmoid: tf.sigmoid(tf.tensor1d(row.x)),
      }))
      expectClose(softmax.data, row.softmax, { relative: 2e-6, name: 'softmax' })
      expectClose(sigmoid.data, row.sigmoid, { relative: 2e-6, name: 'sigmoid' })
    })
  })
