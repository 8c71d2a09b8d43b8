/** An error with a stable `code` to react to; its message says what was expected, what came and the way out. */
export class SwatError extends Error {
  /** Stable identifier of the situation, for example `shape` or `engine-unavailable`. */
  readonly code: string

  /**
   * @param code - stable identifier of the situation
   * @param message - function, expectation, what came, way out
   * @param options - `cause`: the error that led here
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SwatError'
    this.code = code
  }
}
