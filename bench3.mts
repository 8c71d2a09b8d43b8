import { tf, useEngine } from '@swat-js/tensor-core'
import { swatAttention } from '@swat-js/swat-attention'
await useEngine({ backend: 'wasm' })
const [length, heads, headDim, window] = [4096, 8, 64, 128]
const make = (heads) => [1,2,3,4].map((s) => tf.randomNormal([1, length, heads, headDim], 0, 1, 'float32', s))
const x = make(heads), one = make(1).map((t) => t.reshape([1, length, headDim]))
const slopes = tf.linspace(-0.5, 0.5, heads)
const ours = () => tf.tidy(() => { const t = performance.now(); const { grads } = tf.valueAndGrads((q,k,v)=>tf.sum(swatAttention(q,k,v,{ window, slopes }).mul(x[3])))(x.slice(0,3)); grads[2].dataSync(); return performance.now() - t })
const i = tf.range(0, length).reshape([length,1]), distance = tf.sub(i, tf.range(0,length).reshape([1,length]))
const mask = tf.where(tf.logicalAnd(distance.greaterEqual(0), distance.less(window)), tf.mul(distance, -0.5), tf.scalar(-1e9)).reshape([1,length,length])
const dense = () => tf.tidy(() => { const t = performance.now(); const { grads } = tf.valueAndGrads((q,k,v)=>tf.sum(tf.matMul(tf.sigmoid(tf.add(tf.mul(tf.matMul(q,k,false,true),headDim**-.5), mask)), v).mul(one[3])))(one.slice(0,3)); grads[2].dataSync(); return performance.now() - t })
ours()
const a=[ours(), ours()]; const d = dense(); a.push(ours(), ours(), ours()); a.sort((p,q)=>p-q)
console.log('dense', 'ours ms', a[2].toFixed(0), 'dense one head ms', d.toFixed(0), 'x8', (8*d).toFixed(0), 'ratio', (8*d/a[2]).toFixed(0))
