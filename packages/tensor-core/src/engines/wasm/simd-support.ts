import { type KernelRequest, type Support, supportedOn } from '../../kernels/kernel.js'
import { tf } from '../../tf.js'

/**
 * Whether our WebAssembly modules can run a request.
 *
 * @param request - the request
 * @returns yes on the wasm backend with SIMD, else the reason
 */
export function simdSupport(request: KernelRequest): Support {
  const onWasm = supportedOn(request, 'wasm')
  if (!onWasm.supported) return onWasm
  if (!tf.env().getBool('WASM_HAS_SIMD_SUPPORT')) {
    return { supported: false, reason: 'it needs WebAssembly SIMD, which this JavaScript engine lacks' }
  }
  return onWasm
}
