const magic = [0, 0x61, 0x73, 0x6d]
const sections = { import: 2, memory: 5 }
const memoryKind = 2
/** Limits with a maximum, of memory that one thread has to itself, and of memory that threads share. */
const limits = { own: 1, shared: 3 }

/**
 * The same WebAssembly module for memory that threads share. Only the flag of the memory's limits differs: every
 * instruction but atomic ones works on both kinds.
 *
 * @param bytes - a module that has a memory with a maximum of its own, or imports it before anything else
 * @returns a copy with the flag set; a copy as it was where there is no such memory
 */
export function shareMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes)
  if (magic.some((byte, i) => copy[i] !== byte)) return copy
  let at = 8
  const number = () => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = copy[at++]
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < copy.length) {
    const section = copy[at++]
    const end = number() + at
    if (section === sections.import || section === sections.memory) {
      number() // how many follow
      if (section === sections.import) {
        at = number() + at // name of the module
        at = number() + at // name of the import
      }
      const isMemory = section === sections.memory || copy[at++] === memoryKind
      if (isMemory && copy[at] === limits.own) copy[at] = limits.shared
      if (isMemory) return copy
    }
    at = end
  }
  return copy
}
