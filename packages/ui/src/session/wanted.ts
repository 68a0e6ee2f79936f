/** Where somebody wanted to go before they had to sign in; only within this page. */
export function wantedPath(to: unknown): string {
  return typeof to === 'string' && /^\/(?![/\\])/.test(to) ? to : '/'
}
