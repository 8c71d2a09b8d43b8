const lanes = [0x85ebca6b, 0xc2b2ae35, 0x9e3779b1, 0x27d4eb2f]

/**
 * 128 bits that two different texts share by chance only; not for secrets. Four lanes of 32 bits multiply and mix each
 * UTF-16 unit, as murmur3 does.
 */
export function textDigest(text: string): Uint8Array {
  const [one, two, three, four] = lanes as [number, number, number, number]
  let [a, b, c, d] = [text.length, text.length ^ one, text.length ^ two, text.length ^ three]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = Math.imul(a ^ unit, one)
    a ^= a >>> 15
    b = Math.imul(b ^ unit, two)
    b ^= b >>> 13
    c = Math.imul(c ^ unit, three)
    c ^= c >>> 16
    d = Math.imul(d ^ unit, four)
    d ^= d >>> 14
  }
  return new Uint8Array(Uint32Array.of(a, b, c, d).buffer)
}
