import type { ApplyContext } from '@longshore/core'
import type { ComposeRun } from './config.js'

type Declared = ComposeRun['env']

/**
 * The variables of a project. Files are resolved with a stand-in for each secret, so that its value is in nothing that is
 * checked, kept or shown; it takes its place in what Compose is handed for `up`, and nowhere else.
 */
export class Variables {
  readonly names: readonly string[]
  readonly #plain: Record<string, string>
  readonly #secret: Record<string, string>

  private constructor(plain: Record<string, string>, secret: Record<string, string>) {
    this.names = [...Object.keys(plain), ...Object.keys(secret)].sort()
    this.#plain = plain
    this.#secret = secret
  }

  static async open(declared: Declared, secret: ApplyContext['secret']): Promise<Variables> {
    const [plain, values]: Record<string, string>[] = [{}, {}]
    for (const [name, value] of Object.entries(declared)) {
      if (typeof value === 'string') plain![name] = value
      else values![name] = (await secret(value)).open()
    }
    return new Variables(plain!, values!)
  }

  /** What `${NAME}` stands for while the files are resolved. */
  get standIns(): Record<string, string> {
    const stands = Object.keys(this.#secret).map((name) => [name, standIn(name)])
    return { ...this.#plain, ...(Object.fromEntries(stands) as Record<string, string>) }
  }

  /** The values of these names, for what Compose itself reads of its environment. */
  pick(names: readonly string[]): Record<string, string> {
    const all = { ...this.#plain, ...this.#secret }
    return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name]!]] : [])))
  }

  /** The secret that a text has a stand-in of. */
  secretIn(text: string): string | undefined {
    return Object.keys(this.#secret).find((name) => text.includes(standIn(name)))
  }

  /** With every stand-in replaced by its value. */
  reveal<T>(value: T): T {
    return mapStrings(value, (text) => this.#replace(text, (name) => this.#secret[name]!))
  }

  /** With every stand-in replaced by `${NAME}`. */
  show<T>(value: T): T {
    return mapStrings(value, (text) => this.#replace(text, (name) => `\${${name}}`))
  }

  /** With every value of a secret replaced, also one line of it, and as JSON or Compose would write it. */
  mask(line: string): string {
    let masked = line
    for (const form of this.#forms()) masked = masked.replaceAll(form, '[secret]')
    return masked
  }

  #masks: string[] | undefined
  #forms(): string[] {
    return (this.#masks ??= [
      ...new Set(
        Object.values(this.#secret).flatMap((value) => {
          const long = value.split('\n').filter((line) => line.length > 3)
          return [value, ...long].flatMap((text) => [
            text,
            JSON.stringify(text).slice(1, -1),
            text.replaceAll('$', '$$$$'),
          ])
        }),
      ),
    ]
      .filter(Boolean)
      .sort((a, b) => b.length - a.length))
  }

  #replace(text: string, by: (name: string) => string): string {
    if (!text.includes(prefix)) return text
    const names = Object.keys(this.#secret).sort((a, b) => b.length - a.length)
    const pattern = new RegExp(names.map(standIn).join('|'), 'g')
    return names.length === 0
      ? text
      : text.replace(pattern, (found) => by(found.slice(prefix.length, -suffix.length)))
  }
}

const [prefix, suffix] = ['LONGSHORE_SECRET_', '_HERE']

function standIn(name: string): string {
  return `${prefix}${name}${suffix}`
}

/** The value with every text in it, keys apart, changed. */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T
  if (Array.isArray(value)) return value.map((each: unknown) => mapStrings(each, change)) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mapStrings(each as unknown, change)]),
  ) as T
}
