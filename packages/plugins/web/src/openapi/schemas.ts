import { z } from 'zod'

/** As much of JSON Schema (2020-12) as Zod writes and the page reads. */
export interface JsonSchema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  pattern?: string
  [key: string]: unknown
}

/** JSON Schemas of Zod schemas. Those that bear an `id` stand once, among the components. */
export class Schemas {
  readonly named: Record<string, JsonSchema> = {}

  /** As it is on the wire, before anything is made of it: a number in a query is a string of digits. */
  of(schema: z.ZodType): JsonSchema {
    const {
      $schema: _,
      $defs = {},
      ...made
    } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
    const { named, root } = placed({ named: $defs, root: made })
    Object.assign(this.named, named)
    return root
  }
}

/** With every reference to where OpenAPI keeps what is shared. */
function placed(schemas: object): { named: Record<string, JsonSchema>; root: JsonSchema } {
  const text = JSON.stringify(schemas).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/')
  return JSON.parse(text) as ReturnType<typeof placed>
}
