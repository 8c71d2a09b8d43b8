/** The binaries of TensorFlow.js's wasm backend, by name: for any engine, with SIMD, with SIMD and threads. */
export type WasmBinaries = Record<
  'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm',
  string
>

/**
 * Where the binaries are on this page: where a bundler has put them, or in a `node_modules` that is served, as Vite's
 * development server does.
 *
 * @returns their addresses; null when they are in neither place, then TensorFlow.js looks beside the page
 */
export async function findBinaries(): Promise<WasmBinaries | null> {
  for (const binaries of [bundled(), inNodeModules()]) {
    if (binaries && (await isServed(binaries['tfjs-backend-wasm-simd.wasm']))) return binaries
  }
  return null
}

/** Vite and webpack copy files that are named like this, and put their new addresses here. */
function bundled(): WasmBinaries {
  const simd = new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm', import.meta.url)
  const threaded = new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url)
  return {
    'tfjs-backend-wasm.wasm': new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm', import.meta.url)
      .href,
    'tfjs-backend-wasm-simd.wasm': simd.href,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded.href,
  }
}

function inNodeModules(): WasmBinaries | null {
  const [nodeModules] = import.meta.url.match(/^.*\/node_modules\//) ?? []
  if (!nodeModules) return null
  const folder = `${nodeModules}@tensorflow/tfjs-backend-wasm/dist/`
  return {
    'tfjs-backend-wasm.wasm': `${folder}tfjs-backend-wasm.wasm`,
    'tfjs-backend-wasm-simd.wasm': `${folder}tfjs-backend-wasm-simd.wasm`,
    'tfjs-backend-wasm-threaded-simd.wasm': `${folder}tfjs-backend-wasm-threaded-simd.wasm`,
  }
}

/** Servers of single-page applications answer every address, with a page. */
async function isServed(address: string): Promise<boolean> {
  const answer = await fetch(address, { method: 'HEAD' }).catch(() => null)
  return answer !== null && answer.ok && !answer.headers.get('content-type')?.startsWith('text/')
}
