// A page that bundles @segment/analytics-next, as most sites do.

import { AnalyticsBrowser } from '@segment/analytics-next'

window.start = (writeKey, cdnURL, options) => {
  window.analytics = AnalyticsBrowser.load({ writeKey, cdnURL }, options)
}
