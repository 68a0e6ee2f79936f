import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Answer } from './asking.js'

export interface Operation {
  /** `GET /api/v1/services/{service}`: how the tests call it. */
  name: string
  method: string
  path: string
  right: string
  /** Of the answer when all is well. */
  status: string
  hasBody: boolean
}

interface Described {
  'x-right': string
  requestBody?: object
  responses: Record<string, { $ref?: string; content?: Record<string, object> }>
}

/** A path with its parameters. */
export function filled(path: string, params: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'none')
}

/** The document that a product serves, and whether answers keep to it. */
export class Contract {
  readonly operations: Operation[]
  readonly #document: any
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })
  readonly #checks = new Map<string, ValidateFunction>()

  constructor(document: any) {
    this.#document = document
    formats.default(this.#ajv)
    // Zod's own, which JSON Schema does not know.
    for (const format of ['cidrv4', 'cidrv6']) this.#ajv.addFormat(format, true)
    this.#ajv.addSchema(document, 'api')
    this.operations = Object.entries<Record<string, Described>>(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, described]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        right: described['x-right'],
        status: Object.keys(described.responses).find((status) => /^[23]/.test(status))!,
        hasBody: described.requestBody !== undefined,
      })),
    )
  }

  /** What is wrong with an answer by the document; undefined when nothing is. */
  faultOf({ method, path }: Operation, { status, type, text, json }: Answer): string | undefined {
    const at = ['paths', path, method.toLowerCase(), 'responses', String(status)]
    const response = this.#at(at)
    if (response === undefined) return `the document knows no ${status}: ${text.slice(0, 500)}`
    const content = response.$ref === undefined ? at : response.$ref.slice(2).split('/')
    const types = Object.keys(this.#at([...content, 'content']) ?? {})
    if (!types.includes(type) && (types.length > 0 || text !== ''))
      return `${type} is none of ${types.join(', ')}`
    if (!type.endsWith('json')) return undefined
    return this.#faultsIn([...content, 'content', type, 'schema'], json)
  }

  /** What is wrong with a body that is to be sent. */
  faultIn({ method, path, hasBody }: Operation, body: unknown): string | undefined {
    if (!hasBody) return body === undefined ? undefined : 'it takes no body'
    const at = ['paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema']
    return this.#faultsIn(at, body ?? {})
  }

  #faultsIn(at: string[], value: unknown): string | undefined {
    const pointer = at.map((word) => encodeURIComponent(word.replaceAll('~', '~0').replaceAll('/', '~1')))
    const $ref = `api#/${pointer.join('/')}`
    let check = this.#checks.get($ref)
    if (!check) this.#checks.set($ref, (check = this.#ajv.compile({ $ref })))
    return check(value)
      ? undefined
      : `${this.#ajv.errorsText(check.errors)}: ${JSON.stringify(value).slice(0, 1_000)}`
  }

  #at(at: string[]): any {
    return at.reduce((found, word) => found?.[word], this.#document)
  }
}
