import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { describeOn } from '../../testing/kernel-pairs.js'
import { valuesOf } from '../../testing/values-of.js'
import { tf } from '../../tf.js'
import { useEngine } from '../use-engine.js'
import { gpuInfo } from './gpu-info.js'

interface Finished {
  code: number | string | null
  signal: string | null
  stdout: string
  stderr: string
}

/** Runs a program in a process of its own, as a user would. */
function program(source: string, environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const index = fileURLToPath(new URL('../../index.ts', import.meta.url))
  const text = `import { tf, useEngine, runShader } from ${JSON.stringify(index)}\n${source}`
  const args = ['--conditions=@swat-js/source', '--import=tsx', '--input-type=module', '--eval', text]
  const options = { env: { ...process.env, ...environment }, timeout: 50_000 }
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? null) : 0, signal: error?.signal ?? null, stdout, stderr })
    })
  })
}

const start = `const { device } = await useEngine({ backend: 'webgpu' })`
const compute = `console.log((await tf.matMul(tf.ones([3, 3]), tf.ones([3, 3])).data()).join(' '))`

describeOn('the webgpu engine', { backend: 'webgpu' }, () => {
  it('is taken when asked for by name, and says what computes', async () => {
    const engine = await useEngine({ backend: 'webgpu' })
    expect(engine).toMatchObject({ backend: 'webgpu', refused: [] })
    expect(engine.device.length).toBeGreaterThan(5)
    expect(engine.device.includes('software')).toBe(gpuInfo().software)
    expect(engine.limits.maxBufferSize).toBeGreaterThan(2 ** 20)
    expect(engine.features).toEqual([...gpuInfo().features])
  })

  it('keeps its device and its tensors when other engines are used in between', async () => {
    await useEngine({ backend: 'webgpu' })
    const x = tf.square(tf.tensor1d([1, 2, 3]))
    await useEngine({ backend: 'cpu' })
    await useEngine({ backend: 'webgpu' })
    expect([...(await tf.add(x, 1).data())]).toEqual([2, 5, 10])
  })

  it('adds more tensors than a shader may bind (TensorFlow.js binds all at once)', async () => {
    await useEngine({ backend: 'webgpu' })
    const { sum, gradient } = await expectNoLeak(() =>
      valuesOf(() => {
        const operands = Array.from({ length: 50 }, (_, i) => tf.fill([3], i))
        return { sum: tf.addN(operands), gradient: tf.grads((...all) => tf.sum(tf.addN(all)))(operands)[49] }
      }),
    )
    expect(sum.data).toEqual([1225, 1225, 1225])
    expect(gradient.data).toEqual([1, 1, 1])
  })

  it('leaves no navigator behind in Node, by which packages would take it for a browser', async () => {
    const before = globalThis.navigator
    await useEngine({ backend: 'webgpu' })
    expect(globalThis.navigator).toBe(before)
    expect(before?.gpu).toBeUndefined()
  })

  it.each([
    { what: 'ends by itself', rest: '', code: 0 },
    { what: 'keeps its exit code', rest: 'process.exitCode = 3', code: 3 },
    { what: 'can call process.exit', rest: 'process.exit(4)', code: 4 },
    { what: 'ends with work under way', rest: 'tf.matMul(tf.ones([64, 64]), tf.ones([64, 64]))', code: 0 },
    { what: 'ends with a read under way', rest: 'void tf.square(tf.ones([64])).data(); process.exit(5)', code: 5 },
  ])('a program $what', { timeout: 60_000 }, async ({ rest, code }) => {
    const finished = await program(`${start}\n${compute}\n${rest}`)
    expect(finished).toMatchObject({ code, signal: null, stdout: '3 3 3 3 3 3 3 3 3\n' })
  })

  it('a program ends with the error of the GPU', { timeout: 60_000 }, async () => {
    const shader = `runShader({ label: 'bad', source: 'nonsense', inputs: [], outputs: [x], workgroups: [1, 1, 1] })`
    const finished = await program(`${start}\nconst x = tf.ones([4])\n${shader}\nawait x.data()`)
    expect(finished).toMatchObject({ code: 1, signal: null })
    expect(finished.stderr).toContain("webgpu: shader 'bad' is not valid: line 1:1")
  })
})

describe('webgpu without the npm package webgpu', () => {
  it('says how to install it', { timeout: 60_000 }, async () => {
    const hook = `export const resolve = (name, context, next) => next(name === 'webgpu' ? 'webgpu-is-missing' : name, context)`
    const register = `const { register } = await import('node:module'); register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))})`
    const attempt = `await useEngine({ backend: 'webgpu' }).catch((error) => console.log(error.code, error.message))`
    const { stdout, code } = await program(`${register}\n${attempt}`)
    expect(stdout).toBe(
      'engine-unavailable useEngine: WebGPU in Node needs the npm package webgpu. Install it: npm i webgpu\n',
    )
    expect(code).toBe(0)
  })
})

describe.runIf(process.platform === 'linux')('webgpu without a GPU', () => {
  const refusal = `await useEngine({ backend: 'webgpu' }).catch((error) => console.log(error.code, error.message))`
  const auto = `const { backend, refused } = await useEngine(); console.log(backend, '|', refused[0].reason)`
  const nothing = {
    VK_ICD_FILENAMES: '/nowhere.json',
    VK_DRIVER_FILES: '',
    VK_ADD_DRIVER_FILES: '',
  }

  it('says that there is no driver, and prints nothing else', { timeout: 60_000 }, async () => {
    const { stdout, stderr, code } = await program(`${refusal}\n${auto}`, nothing)
    expect(stdout).toMatch(/^engine-unavailable useEngine: (there is no Vulkan driver|the Vulkan loader)/)
    expect(stdout).toMatch(/\nwasm \| (there is no Vulkan driver|the Vulkan loader)/)
    expect([stderr, code]).toEqual(['', 0])
  })
})
