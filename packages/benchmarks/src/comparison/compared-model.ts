/** How well a model did with the best of the learning rates. */
export interface ComparedModel {
  /** Its name. */
  model: string
  /** Weights. */
  parameters: number
  /** The best learning rate. */
  learningRate: number
  /** On held-out text, with all the context that the model can see. */
  bitsPerByte: number
  /** Of the same text. */
  gzipBitsPerByte: number
  /** Mean loss on held-out text, nats a token. */
  validationLoss: number
  /** Tokens it was trained on. */
  tokens: number
  /** In training. */
  tokensPerSecond: number
  /** What computed. */
  backend: string
}
