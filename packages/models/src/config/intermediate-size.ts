/**
 * Channels between the halves of a SwiGLU layer: `256·⌈⌊hiddenSize·ratio·2/3⌋ / 256⌉`, so that its three matrices hold
 * about as many weights as a plain layer of `ratio·hiddenSize` (spec 4.1).
 *
 * @param hiddenSize - channels of the residual stream
 * @param ratio - official `hidden_ratio`
 * @returns a multiple of 256
 */
export function intermediateSize(hiddenSize: number, ratio = 4): number {
  return 256 * Math.ceil(Math.floor((hiddenSize * ratio * 2) / 3) / 256)
}
