// The live page: a ticket opens a stream, each message becomes a row. Texts are only ever texts.
const ROWS_MAX = 400
const TOKEN = 'rapport-token'
const KINDS = ['event', 'merged', 'undone', 'entered', 'exited']

const at = (id) => document.getElementById(id)
const rows = at('rows')
const sources = new Map()
let stream
let last = ''
let waiting = []
let isPaused = false
let counted = 0

function state(word, text) {
  at('state').className = `state ${word}`
  at('state').textContent = text
}

async function ask(path, method = 'GET') {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN) ?? ''}` }
  const answer = await fetch(`/api/v1/${path}`, { method, headers })
  const body = await answer.json()
  if (answer.ok) return body
  throw Object.assign(new Error(body.error?.message ?? answer.statusText), { status: answer.status })
}

function query() {
  const filled = new FormData(at('filters'))
  const query = new URLSearchParams()
  const kinds = filled.getAll('kind')
  const byEvent = ['event', 'source', 'outcome'].some((name) => filled.get(name))
  const wanted = kinds.includes('merged') ? [...kinds, 'undone'] : kinds
  // What is said of events alone leaves the others as they are ticked.
  if (wanted.length < KINDS.length || byEvent) query.set('kind', wanted.join(',') || 'event')
  for (const name of ['event', 'profile', 'source', 'outcome']) {
    const value = String(filled.get(name) ?? '').trim()
    if (value) query.set(name, value)
  }
  return query
}

let round = 0
async function connect() {
  stream?.close()
  const mine = ++round
  try {
    const asked = query()
    const { ticket } = await ask('live/tickets', 'POST')
    if (mine !== round) return
    asked.set('ticket', ticket)
    if (last) asked.set('after', last)
    open(new EventSource(`/api/v1/live?${asked}`))
  } catch (failure) {
    if (failure.status === 401) return signIn(sessionStorage.getItem(TOKEN) ? failure.message : '')
    again(mine, failure.message)
  }
}

function again(mine, text) {
  state('off', text)
  setTimeout(() => mine === round && connect(), 2000)
}

function open(opened) {
  stream = opened
  const mine = round
  opened.onopen = () => state('on', 'connected')
  // A ticket is good once: to come back takes another one.
  opened.onerror = () => {
    opened.close()
    again(mine, 'connecting again')
  }
  for (const kind of KINDS) {
    opened.addEventListener(kind, (message) => {
      last = message.lastEventId || last
      counted += 1
      take(JSON.parse(message.data))
    })
  }
  opened.addEventListener('skipped', (message) => {
    const { count } = JSON.parse(message.data)
    counted += count
    notice(`${count.toLocaleString()} more happened at the same moment: filter to see each.`)
  })
  opened.addEventListener('lagged', (message) => {
    last = message.lastEventId || JSON.parse(message.data).after || last
    notice('This page was too slow for a moment and goes on where it was.')
  })
}

let quiet
function notice(text) {
  at('notice').textContent = text
  clearTimeout(quiet)
  quiet = setTimeout(() => (at('notice').textContent = ''), 4000)
}

function take(item) {
  if (isPaused) {
    waiting.push(item)
    if (waiting.length > ROWS_MAX) waiting.shift()
    at('pause').textContent = `Go on (${waiting.length})`
    return
  }
  rows.prepend(row(item))
  while (rows.childElementCount > ROWS_MAX) rows.lastElementChild.remove()
  at('empty').hidden = true
}

function part(name, className, text) {
  const element = document.createElement(name)
  element.className = className
  if (text !== undefined) element.textContent = text
  return element
}

const TITLES = { merged: 'Profiles merged', undone: 'Merge undone', entered: 'Entered', exited: 'Left' }

function row(item) {
  const line = part('li', 'fresh')
  const head = part('div', 'row')
  head.tabIndex = 0
  head.setAttribute('role', 'button')
  head.setAttribute('aria-expanded', 'false')
  const when = new Date(item.received_at ?? item.at)
  const time = part('time', 'dim', when.toLocaleTimeString([], { hour12: false }))
  time.title = when.toISOString()
  const isBad = item.kind === 'event' && !['accepted', 'duplicate'].includes(item.outcome)
  head.append(time, part('span', `dot ${isBad ? 'bad' : item.kind}`), what(item), person(item), badge(item))
  const origin = item.source === undefined ? (item.why ?? '') : (sources.get(item.source) ?? `source ${item.source}`)
  head.append(part('span', 'dim cut end', origin.replace('_', ' ')))
  line.append(head)
  const toggle = () => {
    const shown = line.querySelector('pre')
    if (shown) shown.remove()
    else line.append(part('pre', '', JSON.stringify(item, null, 2)))
    head.setAttribute('aria-expanded', String(!shown))
  }
  head.addEventListener('click', (event) => event.target.closest('a') || toggle())
  head.addEventListener('keydown', (event) => event.key === 'Enter' && event.target === head && toggle())
  return line
}

function what(item) {
  const title = item.kind === 'event' ? (item.event ?? item.type) : TITLES[item.kind]
  const shown = part('span', 'what cut', title)
  const about = item.kind === 'event' ? (item.event ? item.type : '') : (item.name ?? item.id)
  if (about) shown.append(part('small', '', about))
  return shown
}

function person(item) {
  const id = item.profile_id ?? item.survivor
  const known = item.identifiers ?? {}
  const name = known.user_id?.[0] ?? known.email?.[0] ?? known.anonymous_id?.[0]
  if (!id) return part('span', 'person dim cut', name ?? '')
  const link = part('a', 'person cut', item.absorbed ? `${id} ← ${item.absorbed}` : (name ?? id))
  link.href = `/#/profile/${encodeURIComponent(id)}`
  return link
}

function badge(item) {
  if (item.kind !== 'event') return part('span', '')
  const shown = part('span', `outcome ${item.outcome}`, item.outcome)
  if (item.reason) shown.title = `${item.reason.code}: ${item.reason.message}`
  return shown
}

function signIn(problem) {
  stream?.close()
  sessionStorage.removeItem(TOKEN)
  at('door').hidden = false
  for (const id of ['view', 'pause', 'clear']) at(id).hidden = true
  at('problem').textContent = problem
  state('', 'not signed in')
  at('token').focus()
}

async function begin() {
  try {
    const { results } = await ask('sources?limit=1000')
    const chosen = at('filters').elements.source
    for (const { id, name } of results) {
      if (sources.has(id)) continue
      sources.set(id, name)
      const option = part('option', '', name)
      option.value = id
      chosen.append(option)
    }
  } catch (failure) {
    if (failure.status === 401) return signIn(sessionStorage.getItem(TOKEN) ? failure.message : '')
    state('off', 'the server does not answer')
    return setTimeout(begin, 2000)
  }
  at('door').hidden = true
  for (const id of ['view', 'pause', 'clear']) at(id).hidden = false
  connect()
}

at('door').addEventListener('submit', (event) => {
  event.preventDefault()
  sessionStorage.setItem(TOKEN, at('token').value.trim())
  at('token').value = ''
  begin()
})
at('filters').addEventListener('submit', (event) => event.preventDefault())
at('filters').addEventListener('change', () => {
  // Another question begins now; what it would have said before is in the timelines.
  last = ''
  rows.replaceChildren()
  at('empty').hidden = false
  connect()
})
at('pause').addEventListener('click', () => {
  isPaused = !isPaused
  at('pause').textContent = isPaused ? 'Go on' : 'Pause'
  if (!isPaused) waiting.splice(0).forEach(take)
})
at('clear').addEventListener('click', () => {
  rows.replaceChildren()
  at('empty').hidden = false
})
setInterval(() => {
  at('rate').textContent = counted.toLocaleString()
  counted = 0
}, 1000)
begin()
