//! Many sorted runs as one ascending sequence, each key once with its latest moment.

use super::run::OpenRun;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::seen::SeenKey;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Pages read at once from each run.
const PAGES_AHEAD: u64 = 16;

/// Ids of the runs in ascending order of keys; an error ends the sequence.
pub(super) fn merge<R>(runs: &[R]) -> impl Iterator<Item = Result<(SeenKey, Millis)>>
where
    R: AsRef<OpenRun>,
{
    let streams = runs.iter().map(|run| Stream::new(run.as_ref())).collect();
    Merge {
        streams,
        heads: BinaryHeap::new(),
        started: false,
        failed: false,
    }
}

struct Merge<'a> {
    streams: Vec<Stream<'a>>,
    /// The next id of each stream, smallest key first.
    heads: BinaryHeap<Reverse<(SeenKey, Millis, usize)>>,
    started: bool,
    failed: bool,
}

impl Merge<'_> {
    fn pull(&mut self, stream: usize) -> Result<()> {
        if let Some((key, at)) = self.streams[stream].next()? {
            self.heads.push(Reverse((key, at, stream)));
        }
        Ok(())
    }

    fn next_id(&mut self) -> Result<Option<(SeenKey, Millis)>> {
        if !self.started {
            self.started = true;
            (0..self.streams.len()).try_for_each(|stream| self.pull(stream))?;
        }
        let Some(Reverse((key, mut latest, stream))) = self.heads.pop() else {
            return Ok(None);
        };
        self.pull(stream)?;
        while let Some(Reverse((same, at, stream))) = self.heads.peek().copied()
            && same == key
        {
            self.heads.pop();
            latest = latest.max(at);
            self.pull(stream)?;
        }
        Ok(Some((key, latest)))
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<(SeenKey, Millis)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_id();
        self.failed = next.is_err();
        next.transpose()
    }
}

/// The ids of one run, read a few pages at a time.
struct Stream<'a> {
    run: &'a OpenRun,
    next_page: u64,
    ids: std::vec::IntoIter<(SeenKey, Millis)>,
}

impl Stream<'_> {
    fn new(run: &OpenRun) -> Stream<'_> {
        Stream {
            run,
            next_page: 1,
            ids: Vec::new().into_iter(),
        }
    }

    fn next(&mut self) -> Result<Option<(SeenKey, Millis)>> {
        if let Some(id) = self.ids.next() {
            return Ok(Some(id));
        }
        self.ids = self.run.ids_from(self.next_page, PAGES_AHEAD)?.into_iter();
        self.next_page += PAGES_AHEAD;
        Ok(self.ids.next())
    }
}
