// Customer.io's SDK for Node (@customerio/cdp-analytics-node), a fork of Segment's: every call arrives, finds its
// person, and survives failures.

import { Analytics } from '@customerio/cdp-analytics-node'

import { failuresHeal, refusalsAreTaken } from '../failures.mjs'
import { Checks, Rapport, SERVER_KEY } from '../rapport.mjs'
import { aVisitorBecomesKnown } from '../story.mjs'

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(host) {
  const client = new Analytics({ writeKey: SERVER_KEY, host, flushAt: 10, flushInterval: 100 })
  const errors = []
  const ids = []
  client.on('error', (error) => errors.push(error.code ?? String(error)))
  const call = (name, message) => {
    const messageId = `customerio-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId })
  }
  const send = (userId, number) => call('track', { userId, event: 'Tried', properties: { number } })
  return { call, send, ids, errors, done: () => client.closeAndFlush({ timeout: 30_000 }) }
}

const rapport = await Rapport.start()
console.log('every kind of call')
await aVisitorBecomesKnown({ rapport, checks, client: sdk(rapport.url), name: 'customerio' })
await failuresHeal({ rapport, checks, open: sdk, events: 10, requests: 1 })
// Its older code gives up what gets 400, and sends again whatever else fails.
const told = (_status, events) => Array(events).fill('delivery_failure')
const again = ['413-before']
await refusalsAreTaken({ rapport, checks, open: sdk, told, again })
checks.equal('the server stops when asked', await rapport.stop(), 0)
rapport.kill()
checks.finish()
