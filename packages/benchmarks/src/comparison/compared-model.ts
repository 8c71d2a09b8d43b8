/** How well a model did with the best of the learning rates. */
export interface ComparedModel {
  /** Its name. */
  model: string
  /** Weights. */
  parameters: number
  /** The best learning rate. */
  learningRate: number
  /** On held-out text in pieces as long as training sequences, each by itself. */
  bitsPerByte: number
  /** On the same text as one stream, longer than any training sequence. */
  streamBitsPerByte: number
  /** Of the same text. */
  gzipBitsPerByte: number
  /** Tokens it was trained on. */
  tokens: number
  /** In training. */
  tokensPerSecond: number
  /** What computed. */
  backend: string
}
