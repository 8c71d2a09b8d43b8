import { join } from 'node:path'
import type { KernelUnderTest } from '@swat-js/swat-attention/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { findChromium } from './find-chromium.js'
import { type OpenPage, openPage } from './open-page.js'
import type { SwatPage } from './page.js'
import { wasmBinaries } from './serve.js'
import { suites } from './suites.js'

/** Calls functions of `page.ts` in the page. */
export type Call = <Name extends keyof SwatPage>(
  name: Name,
  input: Parameters<SwatPage[Name]>[0],
) => ReturnType<SwatPage[Name]>

/**
 * Tests in a page with everything of `page.ts`, skipped with the reason where there is no Chromium.
 *
 * @param title - of the suite
 * @param options - of the page
 * @param body - the tests; the page is there once they run
 */
export function describeInPage(
  title: string,
  options: { isolated?: boolean; gpu?: boolean },
  body: (call: Call, opened: () => OpenPage) => void,
): void {
  const { missing } = findChromium()
  describe.skipIf(missing !== null)(`${title}${missing ? ` (skipped: ${missing})` : ''}`, () => {
    let opened: OpenPage
    let hasGpu = false
    beforeAll(async () => {
      const files = await bundle({ file: join(import.meta.dirname, 'page.ts') })
      opened = await openPage(new Map([...files, ...wasmBinaries]), options)
      await opened.page.evaluate(`import('/main.js').then(() => null)`)
      hasGpu = await opened.page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()))
    })
    beforeEach(({ skip }) => {
      if (options.gpu && !hasGpu) skip(`${opened.browser} has no software GPU: Debian's chromium 156 has`)
    })
    afterAll(() => opened?.close())
    const call: Call = (name, input) =>
      opened.page.evaluate(`swat.${name}(${JSON.stringify(input)})`) as ReturnType<SwatPage[typeof name]>
    body(call, () => opened)
  })
}

/**
 * Every conformance case of every op that has these kernels, each as a test.
 *
 * @param call - calls the page
 * @param backend - the engine
 * @param options - `kernels`: those to test on it; `heavy`: whether to run the cases that are slow on an emulated GPU;
 * `mayRefuse`: reasons for which a kernel may decline a case here, which skips the test
 */
export function conformInPage(
  call: Call,
  backend: KernelUnderTest['backend'],
  options: { kernels: readonly KernelUnderTest['use'][]; heavy?: boolean; mayRefuse?: RegExp },
): void {
  const { kernels, heavy = true, mayRefuse } = options
  for (const suite of suites) {
    for (const use of kernels.filter((name) => suite.kernels.includes(name))) {
      const cases = suite.cases.map((each, index) => ({ ...each, index })).filter((each) => heavy || !each.heavy)
      describe(`${suite.op}: kernel '${use}' on ${backend} agrees with the reference`, () => {
        it.for(cases)('$name', async ({ index }, { skip }) => {
          const { refusal } = await call('check', { op: suite.op, index, on: { backend, use } })
          if (refusal && mayRefuse?.test(refusal)) skip(refusal)
          expect(refusal).toBe(null)
        })
      })
    }
  }
}
