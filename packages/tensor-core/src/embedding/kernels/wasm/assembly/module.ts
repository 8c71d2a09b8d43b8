/** Copies the row of each id. */
export function forward(ids: usize, weight: usize, out: usize, rows: i32, hiddenSize: i32): void {
  const step = (<usize>hiddenSize) << 2
  for (let row = 0; row < rows; row++) {
    memory.copy(out, weight + <usize>load<i32>(ids + ((<usize>row) << 2)) * step, step)
    out += step
  }
}

/** Adds the gradient of each row to that of its id, in the order of the rows; `dWeight` holds zeros. */
export function backward(ids: usize, dOut: usize, dWeight: usize, rows: i32, hiddenSize: i32): void {
  const step = (<usize>hiddenSize) << 2
  const whole = (<usize>(hiddenSize & ~3)) << 2
  for (let row = 0; row < rows; row++) {
    const to = dWeight + <usize>load<i32>(ids + ((<usize>row) << 2)) * step
    let at: usize = 0
    for (; at < whole; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(dOut + at)))
    for (; at < step; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(dOut + at))
    dOut += step
  }
}
