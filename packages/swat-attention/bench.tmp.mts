import { tf, useEngine } from '@swat-js/tensor-core'
import { swatAttention } from '@swat-js/swat-attention'
await useEngine({backend:'wasm'})
const [B,L,H,D,w]=(process.env.SHAPE??'8,256,4,32,64').split(',').map(Number)
const activation=(process.env.ACT??'sigmoid') as 'sigmoid'
const r=()=>tf.randomNormal([B,L,H,D]) as tf.Tensor4D
const q=r(),k=r(),v=r(),g=r()
const slopes=Array.from({length:H},(_,i)=>i%2?.25:-.25)
const opt={window:w,slopes,activation}
const med=(a:number[])=>a.sort((x,y)=>x-y)[a.length>>1]
const F:number[]=[],T:number[]=[]
for(let i=0;i<+(process.env.N??15);i++){
 let t=performance.now(); const o=swatAttention(q,k,v,opt); o.dataSync(); F.push(performance.now()-t); o.dispose()
 t=performance.now(); const gr=tf.grads((a,b,c)=>swatAttention(a as any,b as any,c as any,opt))([q,k,v],g); gr[0].dataSync(); T.push(performance.now()-t); tf.dispose(gr)
}
console.log('BS',process.env.BS,'fwd',med(F).toFixed(1),'min',F[0].toFixed(1),'fwd+bwd',med(T).toFixed(1),'min',T[0].toFixed(1))
if(process.env.PROF){
 const p=await tf.profile(()=>{const gr=tf.grads((a,b,c)=>swatAttention(a as any,b as any,c as any,opt))([q,k,v],g); tf.dispose(gr); return q})
 const m=new Map<string,[number,number]>()
 for(const e of p.kernels){ const t=await e.kernelTimeMs as any; const x=m.get(e.name)??[0,0]; x[0]++; x[1]+=+t; m.set(e.name,x)}
 console.log([...m].sort((a,b)=>b[1][1]-a[1][1]).map(([n,[c,t]])=>`${n} ${c} ${t.toFixed(1)}`).join('\n'))
}
