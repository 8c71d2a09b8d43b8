/** Bind groups for what follows a buffer in a list of bindings. */
interface Branch {
  /** By the next buffer. */
  readonly next: WeakMap<GPUBuffer, Branch>
  /** Of the list that ends here, by the size of the uniforms. */
  readonly groups: Map<number, GPUBindGroup>
}

/**
 * Bind groups that were made before, as making one takes longer than recording a dispatch. Found by the layout and the
 * buffers themselves: an entry goes when one of them does. Buffers are used again for tensors of the same size, so a
 * training loop soon meets the same lists.
 */
export class BindGroups {
  readonly #mostGroups: number
  #branches = new WeakMap<GPUBindGroupLayout, Branch>()
  #count = 0

  /**
   * @param mostGroups - how many are kept; beyond that all are forgotten
   */
  constructor(mostGroups = 16_384) {
    this.#mostGroups = mostGroups
  }

  /**
   * The bind group of some buffers.
   *
   * @param layout - of the group
   * @param buffers - storage buffers in the order of their bindings
   * @param uniformSize - bytes of the uniforms that follow them, 0 = none
   * @param make - makes the group; it must depend on nothing else
   * @returns the group
   */
  get(
    layout: GPUBindGroupLayout,
    buffers: readonly GPUBuffer[],
    uniformSize: number,
    make: () => GPUBindGroup,
  ): GPUBindGroup {
    let branch = branchOf(this.#branches, layout)
    for (const buffer of buffers) branch = branchOf(branch.next, buffer)
    const known = branch.groups.get(uniformSize)
    if (known) return known
    const made = make()
    if (++this.#count > this.#mostGroups) {
      this.#branches = new WeakMap()
      this.#count = 0
    } else {
      branch.groups.set(uniformSize, made)
    }
    return made
  }
}

function branchOf<Key extends object>(branches: WeakMap<Key, Branch>, key: Key): Branch {
  const known = branches.get(key)
  if (known) return known
  const made: Branch = { next: new WeakMap(), groups: new Map() }
  branches.set(key, made)
  return made
}
