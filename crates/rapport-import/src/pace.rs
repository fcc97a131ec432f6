//! Pace: how much of an import waits in the flow at once. Alone it may fill the pipe; beside live
//! traffic it keeps a little there, so that nobody's event waits long behind it.

use rapport_flow::Rapport;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Requests under way while nobody else sends.
const ALONE: usize = 16;
/// The same beside live traffic.
const BESIDE: usize = 2;
/// How often somebody else's requests are looked for.
const LOOK: Duration = Duration::from_millis(250);
/// Between two looks at how far the flow is.
const WAIT: Duration = Duration::from_millis(2);

pub(crate) struct Pace {
    under_way: VecDeque<u64>,
    own: u64,
    others: u64,
    looked: Instant,
    is_alone: bool,
}

impl Pace {
    pub(crate) fn new(rapport: &Rapport) -> Pace {
        Pace {
            under_way: VecDeque::new(),
            own: 0,
            others: rapport.collected().requests.load(Ordering::Relaxed),
            looked: Instant::now(),
            is_alone: true,
        }
    }

    /// Waits until one more request may be sent.
    pub(crate) async fn room(&mut self, rapport: &Rapport) {
        self.look(rapport);
        let most = if self.is_alone { ALONE } else { BESIDE };
        while self.under_way(rapport) >= most {
            tokio::time::sleep(WAIT).await;
        }
    }

    /// Notes that one was sent.
    pub(crate) fn sent(&mut self, rapport: &Rapport) {
        self.own += 1;
        self.under_way.push_back(rapport.last_request());
    }

    fn under_way(&mut self, rapport: &Rapport) -> usize {
        let folded = rapport.head().position.request;
        while self.under_way.front().is_some_and(|sent| *sent <= folded) {
            self.under_way.pop_front();
        }
        self.under_way.len()
    }

    fn look(&mut self, rapport: &Rapport) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let all = rapport.collected().requests.load(Ordering::Relaxed);
        let others = all.saturating_sub(self.own);
        self.is_alone = others <= self.others;
        self.others = others;
    }
}

/// Waits until everything that is on the ledger now is folded.
pub(crate) async fn folded(rapport: &Rapport) {
    let last = rapport.last_request();
    while rapport.head().position.request < last {
        tokio::time::sleep(WAIT).await;
    }
}
