//! What the writer was ordered to do and has not done yet.

use super::WriterOrder as Order;
use rapport_store::Error;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Orders as they came. While the writer owes a fold, entries wait and the others pass them: those
/// may be what makes room on a full disk, and no fold asks for what they change.
pub(super) struct Orders {
    coming: mpsc::Receiver<Order>,
    held: VecDeque<Order>,
}

impl Orders {
    pub fn new(coming: mpsc::Receiver<Order>) -> Orders {
        Orders {
            coming,
            held: VecDeque::new(),
        }
    }

    /// The next one that may be obeyed, where there is one.
    pub fn next(&mut self, owes_a_fold: bool) -> Option<Order> {
        while let Ok(order) = self.coming.try_recv() {
            self.held.push_back(order);
        }
        let may_be_obeyed = |order: &Order| !(owes_a_fold && order.is_entry());
        let place = self.held.iter().position(may_be_obeyed)?;
        self.held.remove(place)
    }

    /// Waits for another one; false where nobody is left to give orders.
    pub async fn come(&mut self) -> bool {
        let order = self.coming.recv().await;
        let there_is_one = order.is_some();
        self.held.extend(order);
        there_is_one
    }

    /// Whether any wait.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.coming.is_empty()
    }

    /// Refuses the entries that wait for a fold which failed.
    pub fn refuse_held(&mut self, why: &Error) {
        for order in std::mem::take(&mut self.held) {
            match order.is_entry() {
                true => order.refuse(why),
                false => self.held.push_back(order),
            }
        }
    }
}
