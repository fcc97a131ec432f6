// A proxy that fails: it stands between an SDK and Rapport, and lets the first requests that carry events go wrong.
//
// As a program: `node proxy.mjs http://127.0.0.1:8080` prints its own address. As a module: `startProxy(to)`.
// PUT /__proxy {"fault": "503-after", "first": 2} sets what goes wrong; GET /__proxy tells what was seen.
//
// A fault before forwarding loses the request; one after forwarding loses only the answer, so that a client which
// tries again sends the same events twice.

import http from 'node:http'
import { gunzipSync } from 'node:zlib'
import { pathToFileURL } from 'node:url'

/** What may heal: an SDK that sends again loses nothing. */
export const FAULTS = ['429-before', '429-after', '503-before', '503-after', 'reset-before', 'reset-after']
/** What says that the same request is no use again. */
export const REFUSALS = ['400-before', '413-before']

/** What a failure says: whatever an SDK reads of it is there, as in the answers of each dialect. */
const FAILURE = { success: false, ok: false, code: 'scripted', message: 'a scripted failure', error: 'a scripted failure', detail: 'a scripted failure' }

/** Starts a proxy in front of `to`; its `url`, `fail`, `seen` and `stop`. */
export async function startProxy(to) {
  const state = script(null, 0)
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((request, response) => {
    answer({ state, to: new URL(to), agent }, request, response).catch((error) => {
      process.stderr.write(`proxy: ${request.method} ${request.url}: ${error.message}\n`)
      request.socket.destroy()
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    fail: (fault, first) => void Object.assign(state, script(fault, first)),
    seen: () => seen(state),
    stop: () => {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

/** A script of what goes wrong, with nothing seen yet. */
function script(fault, first) {
  return { fault, left: first, requests: 0, failed: 0, sizes: [], copies: {}, lost: {} }
}

/**
 * What came: how many `requests`, how many of them `failed`, how many events each had (`sizes`); how often each message
 * id reached the server (`copies`, together `sent`), and how often it was in a request that did not (`lost`).
 */
function seen({ requests, failed, sizes, copies, lost }) {
  const sent = Object.values(copies).reduce((sum, count) => sum + count, 0)
  return { requests, failed, sizes: [...sizes], copies: { ...copies }, sent, lost: { ...lost } }
}

async function answer(proxy, request, response) {
  const { state } = proxy
  const body = await collected(request)
  if (request.url === '/__proxy') return control(state, request, response, body)
  const ids = request.method === 'POST' ? messageIds(body) : []
  if (ids.length === 0) return pass(await forwarded(proxy, request, body), response)

  state.requests += 1
  state.sizes.push(ids.length)
  const fails = state.left > 0
  const [what, when] = fails ? state.fault.split('-') : []
  if (fails) {
    state.left -= 1
    state.failed += 1
  }
  if (when === 'before') {
    count(ids, state.lost)
    return fail(what, request, response, corsHeaders(request))
  }
  const upstream = await forwarded(proxy, request, body)
  count(ids, state.copies)
  if (when === 'after') return fail(what, request, response, upstream.headers)
  pass(upstream, response)
}

function control(state, request, response, body) {
  if (request.method === 'PUT') {
    const { fault, first } = JSON.parse(body.toString())
    Object.assign(state, script(fault, first))
  }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(seen(state)))
}

function count(ids, counts) {
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1
}

function fail(what, request, response, from) {
  if (what === 'reset') return request.socket.resetAndDestroy()
  const headers = { 'Content-Type': 'application/json' }
  for (const [name, value] of Object.entries(from)) {
    if (name.startsWith('access-control-') || name === 'vary') headers[name] = value
  }
  if (what === '429') headers['Retry-After'] = '1'
  response.writeHead(Number(what), headers).end(JSON.stringify(FAILURE))
}

/** What Rapport answers to a page of another origin, for requests that never reach it. */
function corsHeaders(request) {
  if (!request.headers.origin) return {}
  return {
    'access-control-allow-origin': request.headers.origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'Retry-After',
  }
}

function pass(upstream, response) {
  const headers = { ...upstream.headers }
  delete headers['transfer-encoding']
  delete headers.connection
  response.writeHead(upstream.status, { ...headers, 'content-length': upstream.body.length }).end(upstream.body)
}

function forwarded({ to, agent }, request, body) {
  const options = { host: to.hostname, port: to.port, method: request.method, path: request.url, agent }
  // The host stays the one that the client asked, as behind any proxy.
  const headers = { ...request.headers, 'content-length': body.length }
  delete headers['transfer-encoding']
  delete headers.connection
  return new Promise((done, failed) => {
    const out = http.request({ ...options, headers }, async (upstream) => {
      done({ status: upstream.statusCode, headers: upstream.headers, body: await collected(upstream) })
    })
    out.on('error', failed)
    out.end(body)
  })
}

function messageIds(body) {
  try {
    const plain = body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body
    const message = JSON.parse(plain.toString())
    const events = Array.isArray(message) ? message : Array.isArray(message.batch) ? message.batch : [message]
    // PostHog's SDKs call it `uuid`.
    return events.map((event) => event.messageId ?? event.uuid).filter((id) => typeof id === 'string')
  } catch {
    return []
  }
}

async function collected(stream) {
  const parts = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const proxy = await startProxy(process.argv[2])
  process.stdout.write(`${proxy.url}\n`)
}
