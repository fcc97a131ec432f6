// RudderStack's SDK for Node (@rudderstack/rudder-sdk-node): every call arrives, finds its person, and survives failures.

import Analytics from '@rudderstack/rudder-sdk-node'

import { failuresHeal, refusalsAreTaken } from '../failures.mjs'
import { Checks, Rapport, SERVER_KEY, eventually } from '../rapport.mjs'
import { aVisitorBecomesKnown } from '../story.mjs'

const DONE_WITHIN_MS = 30_000

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(dataPlaneUrl, settings = {}) {
  const errors = []
  const errorHandler = (error) => void errors.push(error.response?.status ?? error.code ?? String(error))
  const client = new Analytics(SERVER_KEY, { dataPlaneUrl, flushInterval: 100, logLevel: 'silly', errorHandler, ...settings })
  client.logger = { debug() {}, info() {}, error() {}, warn() {} }
  const ids = []
  let told = 0
  const call = (name, message) => {
    const messageId = `rudder-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId }, () => void (told += 1))
  }
  // The SDK may have several batches on their way at once; it tells each event when its own is done.
  const done = async () => {
    const flushed = async () => (await client.flush(), told === ids.length)
    await eventually('every event is done with', flushed, DONE_WITHIN_MS, () => told)
  }
  const send = (userId, number) => call('track', { userId, event: 'Tried', properties: { number } })
  return { call, send, ids, errors, done }
}

const rapport = await Rapport.start()
for (const gzip of [true, false]) {
  const name = gzip ? 'compressed' : 'plain'
  console.log(`every kind of call, ${name}`)
  await aVisitorBecomesKnown({ rapport, checks, client: sdk(rapport.url, { gzip }), name, time: 'originalTimestamp' })
}
const open = (url) => sdk(url, { flushAt: 10 })
await failuresHeal({ rapport, checks, open })
await refusalsAreTaken({ rapport, checks, open, told: (status) => [status] })
checks.equal('the server stops when asked', await rapport.stop(), 0)
rapport.kill()
checks.finish()
