// A Rapport of a suite's own: started on an empty directory, asked through the native API, stopped at the end.
//
// The program under test is named by RAPPORT_BIN. `rapport.py` is the same for suites in Python.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

export const WRITE_KEY = 'suite-browser-key-0123456789'
export const SERVER_KEY = 'suite-server-key-0123456789'
export const API_TOKEN = 'suite-api-token-0123456789'

const READY_WITHIN_MS = 30_000
const STOPPED_WITHIN_MS = 30_000
const FOLDED_WITHIN_MS = 20_000
/** Browsers send when they like, and wait long before they try again. */
const ARRIVED_WITHIN_MS = 60_000
const SUITE_WITHIN_MS = 600_000

/** One server on one directory. */
export class Rapport {
  constructor(port) {
    this.binary = process.env.RAPPORT_BIN
    if (!this.binary) throw new Error('RAPPORT_BIN does not name the program to test')
    this.directory = mkdtempSync(join(tmpdir(), 'rapport-suite-'))
    this.address = `127.0.0.1:${port}`
    this.url = `http://${this.address}`
    process.on('exit', () => this.kill())
  }

  static async start() {
    after(SUITE_WITHIN_MS).then(() => {
      console.error(`the suite took more than ${SUITE_WITHIN_MS} ms`)
      process.exit(1)
    })
    const rapport = new Rapport(await freePort())
    await rapport.start()
    return rapport
  }

  /** Starts the server and waits until it says it is ready. */
  async start() {
    const keys = { RAPPORT_WRITE_KEY: WRITE_KEY, RAPPORT_SERVER_KEY: SERVER_KEY, RAPPORT_API_TOKEN: API_TOKEN }
    const data = join(this.directory, 'data')
    const options = { env: { ...process.env, ...keys }, stdio: ['ignore', process.stderr, process.stderr] }
    this.process = spawn(this.binary, ['serve', '--data', data, '--listen', this.address], options)
    this.ended = new Promise((done) => this.process.on('exit', (code, signal) => done(code ?? signal)))
    await eventually('the server is ready', () => this.isReady(), READY_WITHIN_MS)
  }

  async isReady() {
    if (this.process.exitCode !== null) throw new Error(`the server ended with ${this.process.exitCode}`)
    const answer = await fetch(`${this.url}/health/ready`).catch(() => null)
    return answer?.status === 200
  }

  /** Asks the server to stop, as a service manager does; its exit code. */
  stop() {
    this.process.kill('SIGTERM')
    return Promise.race([this.ended, after(STOPPED_WITHIN_MS).then(() => 'still running')])
  }

  /** Stops the server without asking and removes its directory. */
  kill() {
    this.process?.kill('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** The answer of the native API, or `null` where there is nothing. */
  async ask(path) {
    const headers = { Authorization: `Bearer ${API_TOKEN}` }
    const answer = await fetch(`${this.url}/api/v1${path}`, { headers })
    if (answer.status === 404) return null
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  /** Every result of a list, page after page. */
  async results(path) {
    const found = []
    let after
    do {
      const query = new URLSearchParams({ limit: '1000', ...(after ? { after } : {}) })
      const page = await this.ask(`${path}?${query}`)
      found.push(...(page?.results ?? []))
      after = page?.paging?.next?.after
    } while (after)
    return found
  }

  profile(kind, value) {
    return this.ask(`/profiles/${kind}:${encodeURIComponent(value)}`)
  }

  timeline(kind, value) {
    return this.results(`/profiles/${kind}:${encodeURIComponent(value)}/timeline`)
  }

  /** Waits until a person's timeline has `count` entries, then returns it. */
  async arrived(what, userId, count) {
    let timeline
    const holds = async () => (timeline = await this.timeline('user_id', userId)).length >= count
    await eventually(what, holds, ARRIVED_WITHIN_MS, () => timeline)
    return timeline
  }

  outcomes() {
    return this.ask('/outcomes')
  }

  /** Waits until `events` events have an outcome, then returns the outcomes. */
  async folded(events) {
    const words = ['accepted', 'duplicate', 'filtered', 'limited', 'invalid']
    let outcomes
    const holds = async () => {
      outcomes = await this.outcomes()
      return words.reduce((sum, word) => sum + outcomes[word], 0) >= events
    }
    await eventually(`${events} events have an outcome`, holds, FOLDED_WITHIN_MS, () => outcomes)
    return outcomes
  }
}

/** Asks until it holds; an error when it does not within the time. */
export async function eventually(what, holds, withinMs, show = () => 'no') {
  const end = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what} (${inspect(show())})`)
    await after(50)
  }
}

function after(ms) {
  return new Promise((done) => setTimeout(done, ms).unref())
}

async function freePort() {
  const probe = createServer()
  await new Promise((listening) => probe.listen(0, '127.0.0.1', listening))
  const { port } = probe.address()
  await new Promise((closed) => probe.close(closed))
  return port
}

/** Counts what holds and what does not, and says where. */
export class Checks {
  held = 0
  broken = 0

  equal(what, got, wanted) {
    const [left, right] = [got, wanted].map((value) => inspect(value, { depth: 6, sorted: true, maxStringLength: 400 }))
    this.that(what, left === right, `got ${shortened(left)}, wanted ${shortened(right)}`)
  }

  that(what, holds, otherwise = '') {
    if (holds) {
      this.held += 1
      console.log(`  ok    ${what}`)
    } else {
      this.broken += 1
      console.log(`  FALSE ${what}: ${otherwise}`)
    }
  }

  /** Prints the closing line and ends the program. */
  finish() {
    console.log(`${this.held} checks hold, ${this.broken} do not`)
    process.exit(this.broken || !this.held ? 1 : 0)
  }
}

function shortened(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length <= 400 ? line : `${line.slice(0, 400)}…`
}

/** How many events have an outcome. */
export function total(outcomes) {
  const { accepted, duplicate, filtered, limited, invalid } = outcomes
  return accepted + duplicate + filtered + limited + invalid
}

/** What a run gained: newly accepted, and sent again. */
export function gained(before, after) {
  return [after.accepted - before.accepted, after.duplicate - before.duplicate]
}

/** How often each message id stands in a timeline, as sorted pairs. */
export function copiesOf(timeline) {
  const copies = new Map()
  for (const { message_id: id } of timeline) if (id) copies.set(id, (copies.get(id) ?? 0) + 1)
  return [...copies].sort()
}

/** What `copiesOf` gives when each id is there exactly once. */
export function onceEach(ids) {
  return ids.map((id) => [id, 1]).sort()
}
