import { chromium, type Page } from 'playwright-core'
import { findChromium } from './find-chromium.js'
import { serve } from './serve.js'

/** WebGPU without a GPU, by the SwiftShader that comes with Chromium; software is blocked unless unsafe is allowed. */
const softwareGpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-dawn-features=disable_workgroup_init', // shaders compile five times as fast without
]

/** A page in a browser of its own. */
export interface OpenPage {
  /** The page. */
  page: Page
  /** Name and version of the browser. */
  browser: string
  /** Ends browser and server. */
  close(): Promise<void>
}

/**
 * Opens an empty page in real Chromium, at the root of a server.
 *
 * @param files - what else the server has, by path
 * @param options - `isolated`: cross-origin isolated, so that TensorFlow.js uses threads; `gpu`: with a software GPU
 * @returns the page
 */
export async function openPage(
  files: ReadonlyMap<string, Uint8Array | string>,
  { isolated = false, gpu = false }: { isolated?: boolean; gpu?: boolean } = {},
): Promise<OpenPage> {
  const { path, missing } = findChromium()
  if (path === null) throw new Error(missing)
  const html = '<!doctype html><link rel="icon" href="data:,">' // an empty icon, or Chromium asks for one
  const { origin, stop } = await serve(new Map([['', html], ...files]), { isolated })
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [] // Chromium has none for root
  const args = [...sandbox, ...(gpu ? softwareGpu : [])]
  const browser = await chromium.launch({ executablePath: path, args, env: withoutVulkan(process.env) })
  const page = await browser.newPage()
  await page.goto(`${origin}/`)
  const close = async () => {
    await browser.close()
    stop()
  }
  return { page, browser: `Chromium ${browser.version()}`, close }
}

/** Vulkan's variables choose a driver for the tests in Node, and would choose it in place of Chromium's SwiftShader. */
function withoutVulkan(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('VK_')))
}
