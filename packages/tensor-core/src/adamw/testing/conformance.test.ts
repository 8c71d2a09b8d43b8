import { kernelPairs } from '../../testing/kernel-pairs.js'
import { runConformance } from './conformance.js'

for (const on of kernelPairs.filter(({ use }) => use !== 'cpu')) runConformance(on)
