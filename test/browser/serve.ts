import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join } from 'node:path'

const wasmFolder = join(
  dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')),
  'dist',
)
const wasmFiles = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm']

/** The binaries of TensorFlow.js's wasm backend, which an application serves beside its pages, by file name. */
export const wasmBinaries: ReadonlyMap<string, Uint8Array> = new Map(
  wasmFiles.map((name) => [name, readFileSync(join(wasmFolder, name))]),
)

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

/**
 * Serves files on this machine only.
 *
 * @param files - contents by path below the root, without a leading slash; `''` is the root itself
 * @param options - `isolated`: with the headers that give a page shared memory
 * @returns the address, without a slash at its end, and how to stop
 */
export async function serve(
  files: ReadonlyMap<string, Uint8Array | string>,
  { isolated = false }: { isolated?: boolean } = {},
): Promise<{ origin: string; stop(): void }> {
  const headers = isolated
    ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
    : {}
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1)
    const content = files.get(path)
    const type = types[extname(path) || '.html'] ?? 'application/octet-stream'
    response.writeHead(content === undefined ? 404 : 200, { ...headers, 'content-type': type })
    response.end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
