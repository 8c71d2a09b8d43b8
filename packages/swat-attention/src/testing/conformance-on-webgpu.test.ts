// A file of its own: shaders take as long to compile as the rest takes to run, and the two run side by side.
import { describeConformance } from './describe-conformance.js'
import { kernelsUnderTest } from './kernels-under-test.js'

describeConformance(kernelsUnderTest.filter(({ backend }) => backend === 'webgpu'))
