// What runs in the page; the tests call it by `page.evaluate`.
import { swatAttention, type SwatAttentionOptions } from '@swat-js/swat-attention'
import type { KernelUnderTest } from '@swat-js/swat-attention/testing'
import { type Engine, type KernelChoice, SwatError, tf, useEngine } from '@swat-js/tensor-core'
import { suites } from './suites.js'

/** Runs one conformance case; tells why the kernel declined it, if it did. */
async function check(request: { op: string; index: number; on: KernelUnderTest }): Promise<{ refusal: string | null }> {
  const suite = suites.find(({ op }) => op === request.op)
  if (!suite) throw new Error(`the page has no suite for ${request.op}`)
  try {
    await suite.check(request.index, request.on)
    return { refusal: null }
  } catch (error) {
    if (error instanceof SwatError && error.code === 'kernel-refused') return { refusal: error.message }
    throw error
  }
}

/** What a call of attention gave. */
interface Attended {
  engine: Engine
  choice: KernelChoice | undefined
  output: number[]
}

/** Calls attention as a user does, no kernel named, and tells which kernel ran. */
async function attend(options: { backend: 'auto' | 'cpu' | 'wasm' | 'webgpu' }): Promise<Attended> {
  const engine = await useEngine(options)
  let choice: KernelChoice | undefined
  const kernels: SwatAttentionOptions['kernels'] = { onChoice: (made) => (choice = made) }
  const tensor = tf.tidy(() => {
    const [queries, keys, values] = [1, 2, 3].map((seed) => {
      const data = Float32Array.from({ length: 100 * 2 * 8 }, (_, i) => Math.sin(seed + 1.7 * seed * i))
      return tf.tensor4d(data, [1, 100, 2, 8])
    })
    return swatAttention(queries, keys, values, { window: 16, slopes: [-0.5, 0.5], kernels })
  })
  const output = Array.from(await tensor.data())
  tensor.dispose()
  return { engine, choice, output }
}

/** What the tests find in the page. */
export interface SwatPage {
  check: typeof check
  attend: typeof attend
}

Object.assign(globalThis, { swat: { check, attend } satisfies SwatPage })
