import { open } from 'node:fs/promises'

/**
 * Writes a new file and waits until its content is on the disk.
 *
 * @param path - the file
 * @param data - bytes or text
 */
export async function writeSynced(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Waits until a folder's entries are on the disk. Windows has no such thing and refuses to open a folder.
 *
 * @param path - the folder
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
