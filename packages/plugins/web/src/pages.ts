import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip as gzipCompress } from 'node:zlib'
import type { RequestHandler } from 'express'
import { InputError, type Site } from '@longshore/core'
import { pageHeaders } from './headers.js'

/** Milliseconds in which a file has to be read by who asked for it. */
const answerTime = 60_000
/** Below it lies what a build names after its content: it never changes under its name. */
const lasting = '/assets/'
/** Where programs ask: nothing there becomes a page. */
const forPrograms = /^\/(?:api|socket\.io)\//

/** What is worth making smaller; fonts and pictures are small already. */
const isText = /\.(?:html|js|css|svg|json|txt|md)$/

/** The files of the dashboard, by the addresses that they are asked for at. What came later is not served. */
export interface Pages {
  files: ReadonlyMap<string, string>
  /** The file for every other address. */
  page: string
}

/** Errors: WEB_SITE_TWICE, and what reading the folder gives. */
export async function openPages(sites: readonly Site[]): Promise<Pages | undefined> {
  const [site, other] = sites
  if (other)
    throw new InputError('WEB_SITE_TWICE', `two dashboards: ${site!.folder} and ${other.folder}`, {
      hint: 'Remove one of the plugins that bring them.',
    })
  if (!site) return undefined
  // One that is not there has no page either.
  const found = await readdir(site.folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = new Map(paths.map((path) => [addressOf(site.folder, path), path]))
  const page = join(site.folder, site.page)
  if (files.has(`/${site.page}`)) return { files, page }
  throw new InputError('WEB_SITE_EMPTY', `the dashboard has no page: there is no ${page}`, {
    hint: 'Build it with npm run build, or install the package again.',
  })
}

/** Answers with files, and a browser that goes to an address with the page. A path is looked up and never put together. */
export function servePages(pages: Pages | undefined): RequestHandler {
  const made = small()
  return async (request, response, next) => {
    const { method, path, headers, socket } = request
    const reads = method === 'GET' || method === 'HEAD'
    const isVisit = headers.accept?.includes('text/html') === true && !forPrograms.test(path)
    const file = reads ? (pages?.files.get(path) ?? (isVisit ? pages?.page : undefined)) : undefined
    if (file === undefined) return next()
    const unread = setTimeout(() => socket.destroy(), answerTime)
    response.once('close', () => clearTimeout(unread))
    const coding = request.acceptsEncodings('br', 'gzip')
    const bytes = await made(file, coding)
    response.set(pageHeaders).type(extname(file)).vary('Accept-Encoding')
    if (coding && isText.test(file)) response.set('Content-Encoding', coding)
    if (path.startsWith(lasting)) response.set('Cache-Control', 'public, max-age=31536000, immutable')
    response.send(bytes)
  }
}

/** Each file as small as it is asked for, made once: strangers may ask, and making one takes the processor for a while. */
function small() {
  const kept = new Map<string, Promise<Buffer>>()
  return (file: string, coding: string | false): Promise<Buffer> => {
    if (!coding || !isText.test(file)) return readFile(file)
    const key = `${coding} ${file}`
    const known = kept.get(key) ?? readFile(file).then(coding === 'br' ? brotli : gzip)
    // One that failed is tried anew.
    known.catch(() => kept.delete(key))
    kept.set(key, known)
    return known
  }
}

const brotli = (bytes: Buffer): Promise<Buffer> => promisify(brotliCompress)(bytes)
const gzip = (bytes: Buffer): Promise<Buffer> => promisify(gzipCompress)(bytes)

function addressOf(folder: string, file: string): string {
  return `/${relative(folder, file).split(sep).join('/')}`
}
