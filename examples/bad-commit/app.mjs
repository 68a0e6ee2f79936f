/** The base of every image, which has a shell and busybox's web server. */
const dockerfile = `ARG BASE=busybox:1.36
FROM $BASE
COPY page.html /site/index.html
COPY serve.sh /serve.sh
CMD ["sh", "/serve.sh"]
`

/**
 * What lies in the repository: a page, and how it is served.
 * @param {string} page
 * @param {string} serve
 */
function tree(page, serve = 'exec httpd -f -p 8080 -h /site\n') {
  return { Dockerfile: dockerfile, 'page.html': `${page}\n`, 'serve.sh': serve }
}

/** The commits of the story, in order. */
export const commits = {
  good: tree('one'),
  bad: tree(
    'two',
    "httpd -f -p 8080 -h /site &\nsleep 5\necho 'cannot read the order table: no such column' >&2\nexit 3\n",
  ),
  fix: tree('three'),
  vulnerable: tree('four: everybody may read /orders'),
}

/**
 * The config: one service that follows main, and one that follows staging of the same repository.
 * @param {{ url: string, data: string, base: string, docker: string | undefined, port: number, staging: number }} place
 */
export function configOf({ url, data, base, docker, port, staging }) {
  return {
    version: 1,
    host: 'story',
    data,
    web: { listen: '127.0.0.1:0' },
    ...(docker && { docker: { host: docker } }),
    services: {
      shop: service(url, 'main', port, base),
      'shop-staging': service(url, 'staging', staging, base),
    },
  }
}

/**
 * @param {string} url
 * @param {string} ref
 * @param {number} port
 * @param {string} base
 */
function service(url, ref, port, base) {
  return {
    source: { url, ref, poll: '500ms' },
    run: {
      kind: 'dockerfile',
      args: { BASE: base },
      ports: [`127.0.0.1:${port}:8080`],
      restart: 'no',
      grace: '1s',
    },
    checks: [
      { kind: 'http', name: 'page', url: `http://127.0.0.1:${port}/`, every: '1s', unhealthyAfter: 2 },
      // Who falls over within eight seconds was not well, whatever the page said.
      { kind: 'container', name: 'stays-up', for: '8s', every: '1s', unhealthyAfter: 2 },
    ],
    policy: { onFailure: 'rollback', settle: '30s' },
  }
}
