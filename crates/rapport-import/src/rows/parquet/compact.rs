//! Reads Thrift's compact protocol, in which a Parquet file says what it holds. Nothing is believed:
//! no count makes room for anything, and nothing is followed deeper than files nest.

/// How deep structs, lists and maps may stand in each other.
const DEPTH_MAX: usize = 16;
/// Items of one list: each takes a hundred bytes and more once it is read.
const ITEMS_MAX: usize = 1 << 20;

pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Bytes, and how far they are read. Every read is `None` where they are no such thing, or end.
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Compact<'a> {
        Compact { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Reads a struct: `take` gets each member's number and type, and reads or skips its value.
    pub(super) fn members(
        &mut self,
        mut take: impl FnMut(&mut Compact<'a>, i64, u8) -> Option<()>,
    ) -> Option<()> {
        let mut number = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            number = match head >> 4 {
                0 => self.number()?,
                step => number + i64::from(step),
            };
            take(self, number, head & 15)?;
        }
    }

    /// The type and number of a list's items.
    pub(super) fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            count => usize::from(count),
        };
        let left = self.bytes.len() - self.at;
        (count <= left.min(ITEMS_MAX)).then_some((head & 15, count))
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Option<i64> {
        let bits = self.varint()?;
        Some((bits >> 1) as i64 ^ -((bits & 1) as i64))
    }

    /// Reads over a value.
    pub(super) fn skip(&mut self, kind: u8) -> Option<()> {
        self.skip_within(kind, DEPTH_MAX)
    }

    fn skip_within(&mut self, kind: u8, depth: usize) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match kind {
            // A member that is yes or no says so with its type.
            1 | 2 => Some(()),
            3 => self.forward(1),
            4..=6 => self.varint().map(drop),
            7 => self.forward(8),
            8 => {
                let bytes = usize::try_from(self.varint()?).ok()?;
                self.forward(bytes)
            }
            LIST | 10 => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_item(kind, deeper))
            }
            11 => {
                let count = usize::try_from(self.varint()?).ok()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_item(kinds >> 4, deeper)?;
                    self.skip_item(kinds & 15, deeper)
                })
            }
            STRUCT => self.members(|all, _, kind| all.skip_within(kind, deeper)),
            _ => None,
        }
    }

    fn skip_item(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1 | 2 => self.forward(1),
            kind => self.skip_within(kind, depth),
        }
    }

    fn forward(&mut self, bytes: usize) -> Option<()> {
        let at = self.at.checked_add(bytes)?;
        (at <= self.bytes.len()).then(|| self.at = at)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}
