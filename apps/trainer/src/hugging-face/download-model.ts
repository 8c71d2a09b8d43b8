import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { downloadFile, HubApiError, modelInfo } from '@huggingface/hub'
import { SwatError } from '@swat-js/tensor-core'
import { pickledWeights } from './pickled-weights.js'

/** A repository of the Hugging Face Hub, and where it goes. */
export interface DownloadOptions {
  /** Its id, `owner/name`. */
  repository: string
  /** A folder that is there. */
  to: string
  /** A branch, tag or commit; default `main`. */
  revision?: string
  /** An access token, for private and gated repositories. */
  token?: string
  /** The Hub; default `https://huggingface.co`. */
  endpoint?: string
  /** Called with the bytes of a file that are there, and all of them. */
  onProgress?: (file: string, done: number, total: number) => void
}

/** How often in a row nothing more of a file comes before the download is given up. */
const attempts = 4

/** What makes a model, of all that a repository may hold. */
const wanted = /^(config\.json|tokenizer\.json|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json)$/

/**
 * Downloads a model from the Hugging Face Hub: configuration, tokenizer and weights in safetensors, all of one commit.
 * A download that breaks off goes on where it was. Where the weights are Python pickles, empty files of their
 * names are left, for `importFolder` to refuse.
 *
 * @param options - see {@link DownloadOptions}
 * @returns the commit
 * @throws SwatError `hub` when the repository is not there or not open, the Hub cannot be reached, or a file stays
 * incomplete
 */
export async function downloadModel(options: DownloadOptions): Promise<string> {
  const { repository, to, revision = 'main', token, endpoint } = options
  const access = { ...(token && { accessToken: token }), ...(endpoint && { hubUrl: endpoint.replace(/\/$/, '') }) }
  const about = `${repository} at ${revision}`
  const info = await modelInfo({ name: repository, revision, additionalFields: ['sha', 'filePaths'], ...access }).catch(
    (cause: unknown) => {
      throw failure(about, cause, token !== undefined)
    },
  )
  const names = info.filePaths.filter((name) => wanted.test(name))
  if (!names.some((name) => name.endsWith('.safetensors'))) {
    for (const name of pickledWeights(info.filePaths)) await (await open(join(to, name), 'w')).close()
  }
  for (const name of names) {
    const file = await downloadFile({ repo: repository, path: name, revision: info.sha, ...access }).catch(
      (cause: unknown) => {
        throw failure(`${name} of ${about}`, cause, token !== undefined)
      },
    )
    if (!file) throw new SwatError('hub', `${name} of ${about} is listed but not there. Try again later.`)
    await save(file, join(to, name), `${name} of ${about}`, (done) => options.onProgress?.(name, done, file.size))
  }
  return info.sha
}

/** Writes a file as it comes, and asks for the rest when it breaks off. */
async function save(file: Blob, path: string, about: string, onProgress: (done: number) => void): Promise<void> {
  const output = await open(path, 'w')
  try {
    let done = 0
    let fruitless = 0
    while (done < file.size) {
      const before = done
      let cause: unknown = null
      try {
        const reader = (done === 0 ? file : file.slice(done)).stream().getReader()
        for (let read = await reader.read(); !read.done && done <= file.size; read = await reader.read()) {
          await output.write(read.value)
          done += read.value.length
          onProgress(done)
        }
        if (done > file.size) await reader.cancel()
      } catch (error) {
        cause = error
      }
      fruitless = done > before ? 0 : fruitless + 1
      if (done > file.size || fruitless === attempts) {
        const reason = cause === null ? '' : ` (${reasonOf(cause)})`
        const tries = done > file.size ? '' : `, and nothing more in ${attempts} attempts`
        throw new SwatError('hub', `${about}: ${done} of ${file.size} bytes came${reason}${tries}. Try again later.`, {
          cause,
        })
      }
    }
  } finally {
    await output.close()
  }
}

function failure(about: string, cause: unknown, hasToken: boolean): SwatError {
  const status = cause instanceof HubApiError ? cause.statusCode : null
  const token = hasToken
    ? 'the access token may not open it'
    : 'a private or gated one needs an access token in HF_TOKEN, or --token'
  if (status === 401 || status === 403 || status === 404) {
    const message = `The Hub does not give ${about} (status ${status}). Check the id and --revision; ${token}.`
    return new SwatError('hub', message, { cause })
  }
  return new SwatError(
    'hub',
    `The Hub cannot be asked for ${about} (${reasonOf(cause)}). Check the connection, or download the folder and give its path.`,
    { cause },
  )
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
