import { createHmac } from 'node:crypto'

const key = Buffer.from('whoever has these bytes may sign')
export const secret = `whsec_${key.toString('base64')}`

/** A webhook as Standard Webhooks signs it, at a time in milliseconds. */
export function signed(body: string | Uint8Array, at: number, id = 'msg_1', by: Uint8Array = key) {
  const time = String(Math.floor(at / 1000))
  const mac = createHmac('sha256', by).update(`${id}.${time}.`).update(body).digest('base64')
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': `v1,${mac}`,
  }
  return { headers, body: Buffer.from(body) }
}
