import type { OpenApi, Operation } from './document.js'
import type { JsonSchema } from './schemas.js'

/** The API as a page that people read: no script, and nothing from elsewhere. */
export function pageOf(api: OpenApi): string {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const sections = api.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name))
    return html`<section id="plugin-${name}">
      <h2>${name}</h2>
      ${own.map(routeOf)}
    </section>`
  })
  const named = Object.entries(api.components.schemas)
  const contents = [...api.tags.map(({ name }) => html`<a href="#plugin-${name}">${name}</a>`)]
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>Longshore API</title>
          <link rel="stylesheet" href="docs.css" />
        </head>
        <body>
          <a class="skip" href="#routes">To the routes</a>
          <nav aria-label="Contents">
            <strong>Longshore API</strong>${contents}<a href="#shapes">Shapes</a>
          </nav>
          <main id="routes">
            <h1>Longshore API <small>${api.info.version}</small></h1>
            <p>${api.info.description}</p>
            <p>For programs: <a href="openapi.json">openapi.json</a>, OpenAPI ${api.openapi}.</p>
            ${sections}
            <section id="shapes">
              <h2>Shapes</h2>
              ${named.map(shapeOf)}
            </section>
          </main>
        </body>
      </html> `,
  )
}

function routeOf({ path, method, operation }: { path: string; method: string; operation: Operation }): Html {
  const { operationId, summary, parameters = [], requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  return html`<details id="${operationId}">
    <summary>
      <code class="method ${method.toLowerCase()}">${method}</code> <code>${path}</code>
      <span>${summary}</span>
    </summary>
    <dl>
      <dt>Right</dt>
      <dd><code>${operation['x-right']}</code></dd>
    </dl>
    ${
      parameters.length > 0
        ? html`<h3>Takes</h3>
            ${tableOf(parameters.map((each) => ({ ...each, note: each.in })))}`
        : ''
    }
    ${
      body
        ? html`<h3>Body</h3>
            ${schemaOf(body)}`
        : ''
    }
    ${Object.entries(responses).map(([status, response]) =>
      'content' in response && response.content
        ? html`<h3>Answers ${status}</h3>
            ${Object.entries(response.content).map(
              ([type, { schema }]) =>
                html`<p><code>${type}</code></p>
                  ${schemaOf(schema)}`,
            )}`
        : '',
    )}
  </details>`
}

function shapeOf([name, schema]: [string, JsonSchema]): Html {
  return html`<details id="shape-${name}">
    <summary><code>${name}</code></summary>
    ${schemaOf(schema)}
  </details>`
}

/** A table of what an object has, or the one thing that it is. */
function schemaOf(schema: JsonSchema): Html {
  const { properties, required = [] } = schema
  if (!properties) return html`<p>${typeOf(schema)}</p>`
  const rows = Object.entries(properties).map(([name, part]) => ({
    name,
    required: required.includes(name),
    schema: part,
    note: '',
  }))
  return tableOf(rows)
}

interface Row {
  name: string
  required: boolean
  schema: JsonSchema
  note: string
}

function tableOf(rows: Row[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">name</th>
        <th scope="col">what</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, required, schema, note }) =>
          html`<tr>
            <th scope="row">
              <code>${name}</code>${required ? '' : html`<i>optional</i>`}${note && html`<i>${note}</i>`}
            </th>
            <td>${typeOf(schema)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

/** A schema in words, with links to the shapes that have names. */
function typeOf(schema: JsonSchema): Html | string {
  const { $ref, type, items, anyOf, oneOf, properties, pattern, additionalProperties } = schema
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1)!
    return html`<a href="#shape-${name}"><code>${name}</code></a>`
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`
  if (schema.enum)
    return html`${joined(schema.enum.map((each) => html`<code>${JSON.stringify(each)}</code>`))}`
  const either = anyOf ?? oneOf
  if (either) return html`${joined(either.map(typeOf))}`
  if (type === 'array') return html`list of ${items ? typeOf(items) : 'anything'}`
  if (properties) return schemaOf(schema)
  if (type === 'object' && typeof additionalProperties === 'object')
    return html`by name: ${typeOf(additionalProperties)}`
  const said = type === undefined ? 'anything' : String(type)
  return pattern === undefined ? said : html`${said} like <code>${pattern}</code>`
}

function joined(parts: (Html | string)[]): (Html | string)[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [' or ', part]))
}

/** Text that is HTML already; everything else is escaped. */
class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

type Part = Html | string | Part[]

function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + textOf(parts[index - 1]!) + string))
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.toString()
  if (Array.isArray(part)) return part.map(textOf).join('')
  return part.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
