import type { SecretRef } from '@longshore/core/protocol'
import { SecretRef as Reference } from '@longshore/core/protocol'
import { z } from 'zod'

/** `hooks.generic`. `secret`: what its webhooks are signed with. */
export const GenericConfig = z.strictObject({ secret: Reference })
export type GenericConfig = z.infer<typeof GenericConfig>

/** A forge's part of the section `hooks`: its secrets by reference and, where it is told of deployments, how. */
export type ForgeSection = { api?: string; token?: SecretRef } & Record<string, unknown>

/** The whole section: the plugins of forges declare what belongs into each part. */
export type HooksConfig = Partial<Record<string, ForgeSection>>
