/**
 * Files for browsers, which the web plugin serves as they are and to everybody: a page has to come before somebody can sign in.
 * What it shows it asks the API for. Nothing in it may be inline, or come from elsewhere: the browser is told so.
 */
export interface Site {
  /** An absolute path; what lies below it at the start is what is served. */
  folder: string
  /** The file for every address that no file and no route has: a page that finds its own way. */
  page: string
}

export interface Sites {
  /** One of a Longshore: the dashboard. */
  add(site: Site): void
}
