import { type KernelRequest, type Support, supportedOn } from '../../kernels/kernel.js'
import { tf } from '../../tf.js'
import { heapIsShared } from './heap.js'

/**
 * Whether our WebAssembly modules can run a request.
 *
 * @param request - the request
 * @returns yes on the wasm backend with SIMD and one thread, else the reason
 */
export function simdSupport(request: KernelRequest): Support {
  const onWasm = supportedOn(request, 'wasm')
  if (!onWasm.supported) return onWasm
  if (!tf.env().getBool('WASM_HAS_SIMD_SUPPORT')) {
    return { supported: false, reason: 'it needs WebAssembly SIMD, which this JavaScript engine lacks' }
  }
  if (heapIsShared()) {
    const reason = 'it is compiled for one thread, and this page lets TensorFlow.js share its memory with more'
    return { supported: false, reason }
  }
  return onWasm
}
