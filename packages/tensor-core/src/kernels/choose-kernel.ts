import { SwatError } from '../swat-error.js'
import type { Kernel, KernelName, KernelPolicy, KernelRefusal, KernelRequest } from './kernel.js'

/**
 * Chooses the kernel that runs a request: the backend's own, then the composite, then any other that supports it.
 *
 * @param op - name of the op, for records and messages
 * @param kernels - the op's kernels, as listed by its folder
 * @param request - what is asked
 * @param policy - see {@link KernelPolicy}
 * @returns the kernel
 * @throws SwatError `kernel-refused` when `policy.use` names a kernel that is missing or declines, when `policy.strict`
 * is set and the backend's own kernel declines, or when none supports the request
 */
export function chooseKernel<Request extends KernelRequest, K extends Kernel<Request>>(
  op: string,
  kernels: readonly K[],
  request: Request,
  policy: KernelPolicy = {},
): K {
  const refused: KernelRefusal[] = []
  for (const kernel of candidates(op, kernels, request, policy)) {
    const answer = kernel.supports(request)
    if (answer.supported) {
      policy.onChoice?.({ op, kernel: kernel.name, refused })
      return kernel
    }
    refused.push({ kernel: kernel.name, reason: answer.reason })
    if (policy.strict) break
  }
  const reasons = refused.map(({ kernel, reason }) => `${kernel}: ${reason}`).join('; ')
  const wayOut = policy.use || policy.strict ? 'Leave out `use` and `strict` to let another kernel run.' : ''
  throw new SwatError('kernel-refused', `${op}: no kernel can run this request (${reasons}). ${wayOut}`.trim())
}

function candidates<Request extends KernelRequest, K extends Kernel<Request>>(
  op: string,
  kernels: readonly K[],
  request: Request,
  policy: KernelPolicy,
): K[] {
  if (policy.use) {
    const kernel = kernels.find(({ name }) => name === policy.use)
    if (kernel) return [kernel]
    const names = kernels.map(({ name }) => `'${name}'`).join(', ')
    throw new SwatError('kernel-refused', `${op}: there is no kernel '${policy.use}'. Choose one of ${names}.`)
  }
  const rank = (name: KernelName) => (name === request.backend ? 0 : name === 'composite' ? 1 : 2)
  return [...kernels].sort((a, b) => rank(a.name) - rank(b.name))
}
