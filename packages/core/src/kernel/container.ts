import 'reflect-metadata'
import { container as root, inject as injectByName, injectable, type DependencyContainer } from 'tsyringe'
import { InputError } from './errors.js'
import type { ManyToken, Met, Need, OneToken, Token } from './token.js'

type Class<T> = new (...args: any[]) => T
const annotated = new WeakMap<object, Set<number>>()

/** For class-style plugins: names the need of one constructor parameter. Every parameter carries one. */
export function inject(token: Token): ParameterDecorator {
  return (target, property, index) => {
    const known = annotated.get(target) ?? new Set()
    annotated.set(target, known.add(index))
    injectByName(keyOf(token))(target, property, index)
  }
}

/** Tsyringe resolves by string; a name of ours cannot meet a guest's. */
function keyOf(token: Token): string {
  return `longshore:${token.name}`
}

/** One kernel's capabilities: a child container, so that two kernels in one process share nothing. */
export class Container {
  readonly #container: DependencyContainer = root.createChildContainer()
  readonly #many = new Map<string, Map<string, unknown>>()
  readonly #one = new Set<string>()

  provideOne<T>(token: OneToken<T>, value: T): void {
    this.#one.add(token.name)
    this.#container.register(keyOf(token), { useValue: value })
  }

  provideMany<T>(token: ManyToken<T>, kind: string, value: T): void {
    const all = this.many(token) as Map<string, T>
    if (all.has(kind)) {
      throw new InputError('PLUGIN_PROVIDES_TWICE', `${token.name} "${kind}" is provided by two plugins`, {
        hint: 'Remove one of the two: a kind has one provider.',
      })
    }
    all.set(kind, value)
  }

  has(token: Token): boolean {
    return token.arity === 'many' || this.#one.has(token.name)
  }

  /** What a need is met with. A many-need is a live map: what is provided later appears in it. */
  meet<N extends Need>(need: N): Met<N> {
    if ('optional' in need)
      return (this.has(need.optional) ? this.#resolve(need.optional) : undefined) as Met<N>
    return (need.arity === 'many' ? this.many(need) : this.#resolve(need)) as Met<N>
  }

  /** Builds a guest's class. Tsyringe would leave an un-annotated parameter silently undefined: refused here. */
  build<T>(guest: Class<T>): T {
    const known = annotated.get(guest)?.size ?? 0
    if (known < guest.length) {
      throw new InputError(
        'PLUGIN_UNANNOTATED',
        `${guest.name}: ${guest.length - known} constructor parameters lack inject()`,
        {
          hint: 'Put @inject(Token) before every constructor parameter.',
        },
      )
    }
    injectable()(guest)
    return this.#container.resolve(guest)
  }

  /** Lets go of everything: a stopped kernel keeps nothing alive. */
  clear(): void {
    this.#container.clearInstances()
    this.#container.reset()
    this.#many.clear()
    this.#one.clear()
  }

  many<T>(token: ManyToken<T>): ReadonlyMap<string, T> {
    const known = this.#many.get(token.name)
    if (known) return known as Map<string, T>
    const all = new Map<string, T>()
    this.#many.set(token.name, all)
    this.#container.register(keyOf(token), { useValue: all })
    return all
  }

  #resolve<T>(token: OneToken<T>): T {
    if (!this.#one.has(token.name)) {
      throw new InputError(
        'PLUGIN_NEED_UNMET',
        `${token.name} was declared in provides, but its plugin did not provide it`,
        {
          hint: 'Call provide(token, value) in setup for everything that provides names.',
        },
      )
    }
    return this.#container.resolve<T>(keyOf(token))
  }
}
