/**
 * Share by which a result of the tables may be off. It is less than a tenth of that: errors of 5e-16 in a logarithm and
 * 4e-15 in a cosine, beside the smallest that the tables are used for.
 */
const doubt = 1e-11
const smallestLog = 1e-3
const smallestCosine = 0.015

const logSteps = 512
const middles = Float64Array.from({ length: logSteps }, (_, i) => 1 + (i + 0.5) / logSteps)
const inverses = middles.map((middle) => 2 ** -31 / middle)
const logs = middles.map((middle) => Math.log(middle))

const turnSteps = 1024
const cosines = Float64Array.from({ length: turnSteps }, (_, i) => Math.cos((2 * Math.PI * (i + 0.5)) / turnSteps))
const sines = Float64Array.from({ length: turnSteps }, (_, i) => Math.sin((2 * Math.PI * (i + 0.5)) / turnSteps))

/**
 * Fills an array with normal numbers, several times faster than one by one. Logarithm and cosine come from tables, with
 * more digits than float32 keeps; where these do not decide how to round, about once in a hundred, `normal` does.
 *
 * @param target - gets `deviation * normal()`, rounded to float32
 * @param deviation - standard deviation
 * @param words - state of xoshiro128**
 * @param normal - draws a standard normal number by the formula of Box and Muller, from two words
 */
export function fillNormal(target: Float32Array, deviation: number, words: Int32Array, normal: () => number): void {
  for (let i = 0; i < target.length; i++) {
    i = fillSure(target, i, deviation, words)
    if (i < target.length) target[i] = deviation * normal()
  }
}

/** Fills from `start` to the first number that is in doubt, and returns its place. A tight loop: no call in it. */
function fillSure(target: Float32Array, start: number, deviation: number, words: Int32Array): number {
  let [a, b, c, d] = [words[0], words[1], words[2], words[3]]
  let i = start
  for (; i < target.length; i++) {
    const firstFive = Math.imul(b, 5)
    const first = Math.imul((firstFive << 7) | (firstFive >>> 25), 9)
    const c1 = c ^ a
    const d1 = d ^ b
    const b1 = b ^ c1
    const a1 = a ^ d1
    const c2 = c1 ^ (b << 9)
    const d2 = (d1 << 11) | (d1 >>> 21)

    const secondFive = Math.imul(b1, 5)
    const second = Math.imul((secondFive << 7) | (secondFive >>> 25), 9)
    const c3 = c2 ^ a1
    const d3 = d2 ^ b1

    // log(1 - first / 2³²): the exponent, the middle of a step of the mantissa, and the rest as a series
    const complement = (0 - first) | 0 // 2³² - first
    const zeros = Math.clz32(complement)
    const mantissa = complement << zeros // its top bit is set
    const logStep = (mantissa >>> 22) & (logSteps - 1)
    const rest = (mantissa >>> 0) * inverses[logStep] - 1
    const log = logs[logStep] + rest * (1 - rest * (1 / 2 - rest * (1 / 3 - rest * (1 / 4)))) - (zeros + 1) * Math.LN2

    // cos(2π · second / 2³²): the middle of a step of the turn, and the rest as a series
    const turnStep = second >>> 22
    const angle = ((second & 0x3fffff) - 0x200000) * ((2 * Math.PI) / 2 ** 32)
    const square = angle * angle
    const cosine =
      cosines[turnStep] * (1 - square * (1 / 2 - square * (1 / 24))) -
      sines[turnStep] * (angle * (1 - square * (1 / 6)))

    const value = deviation * Math.sqrt(-2 * log) * cosine
    const rounded = Math.fround(value * (1 - doubt))
    if (first === 0 || !(log < -smallestLog && Math.abs(cosine) > smallestCosine)) break
    if (rounded !== Math.fround(value * (1 + doubt))) break
    target[i] = rounded
    b = b1 ^ c3
    a = a1 ^ d3
    c = c3 ^ (b1 << 9)
    d = (d3 << 11) | (d3 >>> 21)
  }
  words[0] = a
  words[1] = b
  words[2] = c
  words[3] = d
  return i
}
