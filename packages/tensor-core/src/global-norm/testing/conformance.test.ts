import { kernelPairsOf } from '../../testing/kernel-pairs.js'
import { kernels } from '../kernels/index.js'
import { runConformance } from './conformance.js'

for (const on of kernelPairsOf(kernels).filter(({ use }) => use !== 'cpu')) runConformance(on)
