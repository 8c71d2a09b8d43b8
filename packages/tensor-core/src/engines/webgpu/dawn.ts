import { SwatError } from '../../swat-error.js'
import { vulkanProblem } from './vulkan.js'

/** What we use of the npm package `webgpu`. */
interface Dawn {
  create(options: string[]): GPU
  globals: Record<string, unknown>
}

const always = {
  // disable_workgroup_init: clearing workgroup memory costs time, on software GPUs most of it, and would hide a shader
  // that reads what it never wrote
  enable: ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia', 'disable_workgroup_init'],
  disable: ['timestamp_quantization'],
}

/**
 * Leaves out what costs speed. TensorFlow.js recycles buffers as they are, so nothing relies on zeros in new ones. Its
 * matMul does rely on robust access, though: it reads beyond its operands and takes 0 times that for 0.
 */
const withoutChecks = {
  enable: ['disable_polyfills_on_integer_div_and_mod'],
  disable: ['lazy_clear_resource_on_first_use'],
}

/** Leaves out bounds, too: to measure what they cost. Our shaders keep within bounds, those of TensorFlow.js do not. */
const withoutBounds = {
  enable: ['disable_robustness'],
  disable: [],
}

/**
 * WebGPU for Node: Dawn, from the optional npm package `webgpu`. Defines the globals that TensorFlow.js's backend
 * expects of a browser (`GPUBufferUsage` …). Invalid use and out-of-bounds accesses are checked always; unset memory is
 * cleared only where the environment variable `SWAT_GPU_CHECKS` is 1, as browsers do and tests should. Where it is 0,
 * shaders do not check bounds: an experiment.
 *
 * @returns the entry point, as `navigator.gpu` in browsers
 * @throws SwatError `engine-unavailable` in browsers without WebGPU and where the package is missing or does not load
 */
export async function createDawn(): Promise<GPU> {
  const process = globalThis.process
  if (!process?.versions?.node) {
    throw new SwatError('engine-unavailable', 'useEngine: this browser has no WebGPU (navigator.gpu).')
  }
  const { create, globals } = await load()
  const problem = vulkanProblem()
  if (problem) throw new SwatError('engine-unavailable', `useEngine: ${problem}.`)
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  const { SWAT_GPU_CHECKS: checks } = process.env
  const toggles = [always, ...(checks === '1' ? [] : [withoutChecks]), ...(checks === '0' ? [withoutBounds] : [])]
  return create([
    `enable-dawn-features=${toggles.flatMap(({ enable }) => enable).join(',')}`,
    `disable-dawn-features=${toggles.flatMap(({ disable }) => disable).join(',')}`,
  ])
}

async function load(): Promise<Dawn> {
  const name = 'webgpu' // not a literal below: bundlers for browsers would look for the package
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Dawn
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
    throw new SwatError(
      'engine-unavailable',
      missing
        ? 'useEngine: WebGPU in Node needs the npm package webgpu. Install it: npm i webgpu'
        : `useEngine: the npm package webgpu does not load: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    )
  }
}
