// A page that bundles @jitsu/js.

import { jitsuAnalytics } from '@jitsu/js'

window.start = (writeKey, host) => {
  window.jitsu = jitsuAnalytics({ host, writeKey })
}
