import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { logSigmoid, sigmoid, sigmoidDerivative } from './sigmoid.js'
import { silu, siluDerivative } from './silu.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/sigmoid.json', import.meta.url), 'utf8'))

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
