import { datasetInfo, downloadFile, HubApiError, listFiles, type ListFileEntry } from '@huggingface/hub'
import { DataError } from '../../data-error.js'
import { isTextFile } from '../file-format.js'
import { streamToIterable } from '../formats/stream-to-iterable.js'
import type { StoredFile } from '../stored-file.js'
import type { HubSource } from './document-source.js'
import { attempts, fetchWithRetries } from './fetch-with-retries.js'
import { globExpression } from './glob-expression.js'

interface Access {
  fetch: typeof fetch
  accessToken?: string
  hubUrl?: string
}

/** The files of a data set of the Hub, all of one commit, which are read by range requests. */
export async function hubFiles(source: HubSource, owner: string): Promise<StoredFile[]> {
  const { hub, revision = 'main', token, endpoint } = source
  if (!/^[\w.-]+\/[\w.-]+$/.test(hub) || hub.includes('..')) {
    throw new DataError(
      'invalid-argument',
      `${owner}: hub must be the id of a data set, owner/name, got ${JSON.stringify(hub)}.`,
    )
  }
  const access: Access = {
    fetch: fetchWithRetries,
    ...(token ? { accessToken: token } : {}),
    ...(endpoint ? { hubUrl: endpoint.replace(/\/+$/, '') } : {}),
  }
  const about = `the data set ${hub} at ${revision}`
  const refuse = (what: string) => (cause: unknown) => {
    throw failure(what, cause, owner, token !== undefined)
  }
  const { sha } = await datasetInfo({ name: hub, revision, additionalFields: ['sha'], ...access }).catch(refuse(about))
  if (typeof sha !== 'string') return refuse(about)(new Error('no commit came'))
  const repo = { type: 'dataset', name: hub } as const
  const entries = await collect(listFiles({ repo, revision: sha, recursive: true, ...access })).catch(refuse(about))
  const files = entries.filter(({ type }) => type === 'file')
  return chosen(files, source, owner).map((entry) => {
    const name = `hub://${hub}@${sha.slice(0, 12)}/${entry.path}`
    const what = `${entry.path} of ${about}`
    const path = entry.path.split('/').map(encodeURIComponent).join('/')
    const open = async (): Promise<Blob> => {
      const file = await downloadFile({ repo, path, revision: sha, xet: false, ...access }).catch(refuse(what))
      return file ?? refuse(what)(new Error('it is listed, but not there'))
    }
    return toStoredFile({ name, byteLength: entry.size, open, refuse: refuse(what) })
  })
}

interface RemoteFile {
  name: string
  byteLength: number
  open(): Promise<Blob>
  refuse(cause: unknown): never
}

function toStoredFile({ name, byteLength, open, refuse }: RemoteFile): StoredFile {
  let opened: Promise<Blob> | null = null
  const blob = (): Promise<Blob> => (opened ??= open())
  const inFull = (done: number, of: number, cause: unknown): never => {
    const reason = cause === null ? '' : ` (${reasonOf(cause)})`
    return refuse(new Error(`${done} of ${of} bytes came${reason}, and nothing more in ${attempts} attempts`))
  }
  return {
    ...{ name, byteLength },
    async *stream() {
      if (byteLength === 0) return // a server refuses every range of an empty file
      const file = await blob()
      if (file.size !== byteLength) refuse(new Error(`it has ${file.size} bytes, but is listed with ${byteLength}`))
      let [done, fruitless] = [0, 0]
      while (done < byteLength) {
        const before = done
        let cause: unknown = null
        const chunks = streamToIterable((done === 0 ? file : file.slice(done, byteLength)).stream())
        try {
          for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
            done += next.value.length
            if (done > byteLength) return inFull(done, byteLength, new Error('more than there should be'))
            yield next.value
          }
        } catch (error) {
          if (error instanceof DataError) throw error
          cause = error
        } finally {
          await chunks.return(undefined)
        }
        fruitless = done > before ? 0 : fruitless + 1
        if (fruitless === attempts) inFull(done, byteLength, cause)
      }
    },
    async slice(start, end) {
      if (start === end) return new ArrayBuffer(0)
      const part = (await blob()).slice(start, end)
      let came = 0
      let cause: unknown = null
      for (let attempt = 1; attempt <= attempts; attempt++) {
        try {
          const bytes = await part.arrayBuffer()
          if (bytes.byteLength === end - start) return bytes
          came = bytes.byteLength
        } catch (error) {
          if (error instanceof HubApiError) refuse(error)
          cause = error
        }
      }
      return inFull(came, end - start, cause)
    },
  }
}

async function collect(entries: AsyncIterable<ListFileEntry>): Promise<ListFileEntry[]> {
  const all: ListFileEntry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

function chosen(files: readonly ListFileEntry[], source: HubSource, owner: string): ListFileEntry[] {
  const { hub, format = 'auto' } = source
  const unsafe = files.find(({ path }) => /^\/|\\|\0|(^|\/)\.{0,2}(\/|$)/.test(path))
  if (unsafe) {
    throw new DataError(
      'hub',
      `${owner}: the data set ${hub} lists a file called ${JSON.stringify(unsafe.path)}, which leads out of it. It is ` +
        'not read: tell those who keep it.',
    )
  }
  const globs = source.files === undefined ? null : [source.files].flat()
  const expressions = globs?.map((glob) => globExpression(glob, owner))
  const isWanted = (path: string): boolean =>
    expressions?.some((expression) => expression.test(path)) ??
    (isTextFile(path, format) && !/\.(md|markdown)$/i.test(path) && !/(^|\/)\./.test(path))
  const wanted = files.filter(({ path }) => isWanted(path))
  if (wanted.length > 0) return wanted.sort((left, right) => (left.path < right.path ? -1 : 1))
  const listed = files.map(({ path }) => path)
  const there = `${listed.slice(0, 10).join(', ')}${listed.length > 10 ? `, and ${listed.length - 10} more` : ''}`
  const what = globs === null ? 'has no file with texts' : `has no file that matches ${globs.join(' or ')}`
  throw new DataError(
    'empty-text',
    `${owner}: the data set ${hub} ${what}. Its files are: ${there || 'none'}. Choose with files` +
      `${globs === null ? ', or give a format' : ''}.`,
  )
}

function failure(what: string, cause: unknown, owner: string, hasToken: boolean): DataError {
  const status = cause instanceof HubApiError ? cause.statusCode : null
  const access = hasToken
    ? 'the access token may not open it'
    : 'a private or gated one needs an access token, which token gives'
  if (status === 401 || status === 403 || status === 404) {
    return new DataError(
      'hub',
      `${owner}: the Hub does not give ${what} (status ${status}). Check the id and the revision; ${access}.`,
      { cause },
    )
  }
  return new DataError(
    'hub',
    `${owner}: the Hub cannot be asked for ${what} (${reasonOf(cause)}). Check the connection, or download the files and ` +
      'give their path.',
    { cause },
  )
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const inner = cause.cause instanceof Error ? `: ${cause.cause.message}` : ''
  return `${cause.message}${inner}`
}
