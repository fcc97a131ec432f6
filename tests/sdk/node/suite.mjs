// Segment's SDK for Node (@segment/analytics-node): every call arrives, finds its person, and survives failures.

import { Analytics } from '@segment/analytics-node'

import { failuresHeal, refusalsAreTaken } from '../failures.mjs'
import { FAULTS } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf } from '../rapport.mjs'
import { aVisitorBecomesKnown } from '../story.mjs'

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(host, settings = {}) {
  const client = new Analytics({ writeKey: SERVER_KEY, host, flushInterval: 100, ...settings })
  const errors = []
  const ids = []
  client.on('error', (error) => errors.push(error.code ?? String(error)))
  const call = (name, message) => {
    const messageId = `node-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId })
  }
  const send = (userId, number) => call('track', { userId, event: 'Tried', properties: { number } })
  return { call, send, ids, errors, done: () => client.closeAndFlush({ timeout: 30_000 }) }
}

async function aRestart(rapport) {
  console.log('a stop and a start')
  const everything = async () => {
    const people = ['user-node', ...FAULTS]
    const timelines = await Promise.all(people.map((person) => rapport.timeline('user_id', person)))
    return [timelines.map(copiesOf), await rapport.outcomes()]
  }
  const before = await everything()
  checks.equal('the server stops when asked', await rapport.stop(), 0)
  await rapport.start()
  checks.equal('everything is there again', await everything(), before)
}

const rapport = await Rapport.start()
console.log('every kind of call')
await aVisitorBecomesKnown({ rapport, checks, client: sdk(rapport.url), name: 'node' })
/** It tells of each event that it gave up. */
const told = (_status, events) => Array(events).fill('delivery_failure')
const open = (url) => sdk(url, { flushAt: 10 })
await failuresHeal({ rapport, checks, open })
await refusalsAreTaken({ rapport, checks, open, told })
await aRestart(rapport)
rapport.kill()
checks.finish()
