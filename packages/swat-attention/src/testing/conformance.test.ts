import { describeConformance } from './describe-conformance.js'
import { kernelsUnderTest } from './kernels-under-test.js'

describeConformance(kernelsUnderTest.filter(({ backend }) => backend !== 'webgpu'))
