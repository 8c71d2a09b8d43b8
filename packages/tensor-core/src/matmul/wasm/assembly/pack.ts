/**
 * Packs vectors into panels of `width`, 4 or 8: `[panels, depth, width]`, zeros where the last panel has no vector left.
 * Here a vector's elements lie side by side.
 *
 * @param from - element 0 of vector 0; vectors lie `step` bytes apart
 */
export function packAlong(from: usize, step: usize, count: i32, depth: i32, width: i32, to: usize): void {
  const depthStep = (<usize>width) << 2
  for (let vector = 0; vector < count; vector += width) {
    for (let part = 0; part < width; part += 4) {
      const source = from + <usize>(vector + part) * step
      packFour(source, step, count - vector - part, depth, to + ((<usize>part) << 2), depthStep)
    }
    to += <usize>depth * depthStep
  }
}

/** `[4, depth]` to `[depth, 4]`; only `count` of the four are there. */
function packFour(source: usize, step: usize, count: i32, depth: i32, target: usize, depthStep: usize): void {
  let k = 0
  if (count >= 4) {
    const r1 = source + step
    const r2 = r1 + step
    const r3 = r2 + step
    for (; k + 4 <= depth; k += 4) {
      const at = (<usize>k) << 2
      const a = v128.load(source + at)
      const b = v128.load(r1 + at)
      const c = v128.load(r2 + at)
      const d = v128.load(r3 + at)
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
      const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
      v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5))
      target += depthStep
      v128.store(target, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7))
      target += depthStep
      v128.store(target, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5))
      target += depthStep
      v128.store(target, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7))
      target += depthStep
    }
  }
  for (; k < depth; k++) {
    const at = source + ((<usize>k) << 2)
    for (let i = 0; i < 4; i++) {
      store<f32>(target + ((<usize>i) << 2), i < count ? load<f32>(at + <usize>i * step) : 0)
    }
    target += depthStep
  }
}

/** Bytes of a line of the cache, which are read at once. */
const LINE: i32 = 64

/**
 * The same where the vectors lie side by side, and the elements of each `step` bytes apart. What shares a line is
 * packed together: rows a power of two long would throw it out of the cache before the next panel asks for it.
 */
export function packAcross(from: usize, step: usize, count: i32, depth: i32, width: i32, to: usize): void {
  const depthStep = (<usize>width) << 2
  const panel = <usize>depth * depthStep
  const together = LINE >> 2
  let vector = 0
  for (; vector + together <= count; vector += together) {
    const target = to + <usize>(vector / width) * panel
    const source = from + ((<usize>vector) << 2)
    if (width === 8) packLine(source, step, depth, target, 16, panel, depthStep)
    else packLine(source, step, depth, target, panel, 2 * panel, depthStep)
  }
  for (; vector < count; vector += width) {
    const target = to + <usize>(vector / width) * panel
    packRest(from + ((<usize>vector) << 2), step, min(width, count - vector), depth, width, target)
  }
}

/** A line holds four vectors of four: the panels they go to are two of 8, or four of 4. */
function packLine(
  source: usize,
  step: usize,
  depth: i32,
  target: usize,
  second: usize,
  third: usize,
  depthStep: usize,
): void {
  const fourth = third + second
  for (let k = 0; k < depth; k++) {
    v128.store(target, v128.load(source))
    v128.store(target + second, v128.load(source, 16))
    v128.store(target + third, v128.load(source, 32))
    v128.store(target + fourth, v128.load(source, 48))
    source += step
    target += depthStep
  }
}

function packRest(source: usize, step: usize, count: i32, depth: i32, width: i32, target: usize): void {
  for (let k = 0; k < depth; k++) {
    if (count === width) {
      for (let i = 0; i < width; i += 4) {
        const at = (<usize>i) << 2
        v128.store(target + at, v128.load(source + at))
      }
    } else {
      for (let i = 0; i < width; i++) {
        const at = (<usize>i) << 2
        store<f32>(target + at, i < count ? load<f32>(source + at) : 0)
      }
    }
    source += step
    target += (<usize>width) << 2
  }
}
