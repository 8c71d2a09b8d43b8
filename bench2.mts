import { tf, useEngine } from '@swat-js/tensor-core'
import { swatAttention } from '@swat-js/swat-attention'
import { compareInterleaved } from '@swat-js/benchmarks'
await useEngine({ backend: 'wasm' })
const run = (length, heads, headDim, window) => {
  const x = [1,2,3,4].map((s) => tf.randomNormal([1, length, heads, headDim], 0, 1, 'float32', s))
  return () => { tf.tidy(() => {
    const {value,grads} = tf.valueAndGrads((q,k,v)=>tf.sum(swatAttention(q,k,v,{ window, slopes: tf.tensor1d([-.5,.25]), kernels: { use: 'wasm' } }).mul(x[3])))(x.slice(0,3))
    grads[0].dataSync(); value.dataSync() }) }
}
const lengths = [1024, 4096, 16384]
// the same number of tokens in each sample
const r = await compareInterleaved(lengths.map((length) => { const f = run(length, 2, 64, 128); return { name: String(length), run: () => { for (let i = 0; i < 16384 / length; i++) f() } } }), { rounds: 9 })
for (const { name, medianMs, roundsMs, ratioToFirst } of r) console.log('linear', name, 'us/token', (medianMs/16.384).toFixed(2), 'min', (Math.min(...roundsMs)/16.384).toFixed(2), 'ratio', ratioToFirst.toFixed(3))
