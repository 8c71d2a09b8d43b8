/** A workgroup computes one element of a row vector times a matrix, or a few: memory bounds the time. */
export interface VectorTiling {
  kind: 'vector'
}

/** A workgroup computes a tile of the result in float32. */
export interface ScalarTiling {
  kind: 'scalar'
  /** Rows of a tile. */
  rows: number
  /** Columns of a tile. */
  columns: number
  /** Elements of the inner products that are staged at a time; a multiple of 4. */
  depth: number
  /** Rows that a thread computes; a multiple of 4. */
  threadRows: number
  /** Columns that a thread computes; a multiple of 4. */
  threadColumns: number
  /** Whether half of the threads stage the left factor and half the right one: fewer registers for what is read. */
  halves: boolean
  /** Whether 32 threads one after the other compute 4 × 8 neighbours; else they go along the columns of the tile. */
  squares: boolean
}

/** Sizes of the device's matrix units and of the subgroups that drive them. */
export interface MatrixUnit {
  /** Rows of a product. */
  M: number
  /** Columns of a product. */
  N: number
  /** Length of its inner products. */
  K: number
  /** Threads of a subgroup. */
  subgroupSize: number
}

/** A workgroup computes a tile of the result on matrix units: f16 factors, f32 sums. */
export interface MatrixTiling {
  kind: 'matrices'
  /** Rows of a tile. */
  rows: number
  /** Columns of a tile. */
  columns: number
  /** Elements of the inner products that are staged at a time. */
  depth: number
  /** Rows that a subgroup computes. */
  subgroupRows: number
  /** Columns that a subgroup computes. */
  subgroupColumns: number
  /** Tiles of the factors in workgroup memory: with two, one is filled while the other is multiplied. */
  buffers: 1 | 2
  /** Whether the factors are first copied as f16, padded to whole tiles: more memory, but less of it read again. */
  packed: boolean
  /** Whether the steps of a tile are written out one by one. */
  unrolled: boolean
}

/** How a product is divided among workgroups. */
export type Tiling = VectorTiling | ScalarTiling | MatrixTiling

/** A tiling, and into how many parts, added up at the end, the inner products are cut. */
export interface Division {
  /** The tiling. */
  tiling: Tiling
  /** Parts of the inner products. */
  splits: number
}

/**
 * Number of threads in a workgroup.
 *
 * @param tiling - a tiling
 * @param subgroupSize - threads of a subgroup
 */
export function threadsOf(tiling: ScalarTiling | MatrixTiling, subgroupSize: number): number {
  const { rows, columns } = tiling
  if (tiling.kind === 'scalar') return (rows / tiling.threadRows) * (columns / tiling.threadColumns)
  return (rows / tiling.subgroupRows) * (columns / tiling.subgroupColumns) * subgroupSize
}

/**
 * A division in words, for tables.
 *
 * @param division - a division
 * @returns for example `f16 128×128×32, 64×32 a subgroup, 4 parts`
 */
export function divisionName({ tiling, splits }: Division): string {
  return `${tilingName(tiling)}${splits > 1 ? `, ${splits} parts` : ''}`
}

/**
 * A tiling in words: different for different tilings.
 *
 * @param tiling - a tiling
 * @returns for example `f16 128×128×32, 64×32 a subgroup`
 */
export function tilingName(tiling: Tiling): string {
  if (tiling.kind === 'vector') return 'float32 vector'
  const tile = `${tiling.rows}×${tiling.columns}×${tiling.depth}`
  if (tiling.kind === 'scalar') {
    const { threadRows, threadColumns, halves, squares } = tiling
    const variants = [...(halves ? ['halves'] : []), ...(squares ? ['squares'] : [])]
    return [`float32 ${tile}`, `${threadRows}×${threadColumns} a thread`, ...variants].join(', ')
  }
  const { subgroupRows, subgroupColumns, buffers, packed, unrolled } = tiling
  const variants = [
    ...(buffers === 2 ? ['2 buffers'] : []),
    ...(packed ? ['packed'] : []),
    ...(unrolled ? ['unrolled'] : []),
  ]
  return [`f16 ${tile}`, `${subgroupRows}×${subgroupColumns} a subgroup`, ...variants].join(', ')
}
