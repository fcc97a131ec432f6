// The site whose visitors the suite plays: two pages on an origin of their own, in a headless Chromium.

import http from 'node:http'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { buildSync } from 'esbuild'
import { chromium } from 'playwright-core'

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // No name leads anywhere: what does not go to this machine fails, and is noted below.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/** The pages of Segment's SDK: from npm, and by the classic snippet. */
const SEGMENT = { '/npm.js': () => bundled(file('npm.js')), '/snippet.js': () => readFileSync(file('snippet.js'), 'utf8') }

/** Opens the site; `visit` gives a page of a new visitor, `close` ends all. `program` is the page of another SDK. */
export async function openSite(program) {
  const made = program ? { '/page.js': () => bundled(fileURLToPath(program)) } : SEGMENT
  const scripts = Object.fromEntries(Object.entries(made).map(([path, script]) => [path, script()]))
  const server = http.createServer((request, response) => serve(scripts, request, response))
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const origin = `http://127.0.0.1:${server.address().port}`
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS })
  const outside = []

  /** A page of a visitor who was never here before; `way` is `npm` or `snippet`, or `page` of another SDK. */
  const visit = async (way = 'page') => {
    const context = await browser.newContext()
    context.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') outside.push(request.url())
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
    await page.goto(`${origin}/${way}.html`)
    return page
  }
  const close = async () => {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
  return { visit, close, outside }
}

function serve(scripts, request, response) {
  const path = new URL(request.url, 'http://site').pathname
  if (scripts[path]) return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(scripts[path])
  if (!path.endsWith('.html')) return response.writeHead(404).end()
  const script = path.replace('.html', '.js')
  const html = `<!doctype html><title>Dairy</title>${scripts[script] ? `<script src="${script}"></script>` : ''}`
  response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)
}

function bundled(path) {
  const options = { entryPoints: [path], bundle: true, write: false, format: 'iife', target: 'es2020' }
  return buildSync({ ...options, define: { 'process.env.NODE_ENV': '"production"' }, logLevel: 'warning' }).outputFiles[0].text
}

function file(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}
