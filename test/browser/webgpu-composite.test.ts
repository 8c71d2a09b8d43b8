// TensorFlow.js's own ops on the webgpu engine in real Chromium. A file of its own: half of the time is for compiling.
import { conformInPage, describeInPage } from './describe-in-page.js'

describeInPage('a page in Chromium with a software GPU', { gpu: true }, (call) => {
  conformInPage(call, 'webgpu', { kernels: ['composite'], heavy: false })
})
