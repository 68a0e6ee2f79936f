/** The path of a repository within the forge that an API is of, such as `team/app`; undefined when it is of another one. */
export function repositoryPath(repository: string, api: string): string | undefined {
  const short = /^(?:[^@/:]+@)?([^@:/]+):(?!\/)(.+)$/.exec(repository)
  const whole = short ? `ssh://${short[1]}/${short[2]}` : repository
  if (!URL.canParse(whole) || !URL.canParse(api)) return undefined
  const { hostname, pathname } = new URL(api)
  const url = new URL(whole)
  if (url.hostname !== hostname && `api.${url.hostname}` !== hostname) return undefined
  // A forge that does not live at the root of its host has the same folder before both.
  const folder = pathname.replace(/(\/api)?(\/v?\d+(\.\d+)?)?$/, '')
  const path = url.pathname.startsWith(`${folder}/`) ? url.pathname.slice(folder.length) : url.pathname
  const plain = path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '')
  const parts = plain.split('/')
  const isPath = parts.length > 1 && parts.every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part))
  return isPath ? plain : undefined
}
