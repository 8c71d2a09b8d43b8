import { tf, useEngine } from '@swat-js/tensor-core'
import { swatAttention } from '@swat-js/swat-attention'
import { compareInterleaved } from '@swat-js/benchmarks'
await useEngine({ backend: 'wasm' })
const q = tf.randomNormal([1,1,8,64]), k = tf.randomNormal([1,128,8,64])
const slopes = tf.linspace(-0.5, 0.5, 8)
const f = (use) => () => { for (let i=0;i<50;i++) tf.tidy(() => { swatAttention(q,k,k,{window:128,queryOffset:127,slopes,kernels:{use}}).dataSync() }) }
for (const {name,medianMs} of await compareInterleaved([{name:'wasm',run:f('wasm')},{name:'composite',run:f('composite')}])) console.log('decode', name, (medianMs/50*1000).toFixed(0), 'us')
