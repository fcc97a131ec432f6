//! Parquet files written byte by byte, so that they can say what no writer writes.

/// A number as Thrift's compact protocol has it.
fn number(value: i64) -> Vec<u8> {
    varint(((value << 1) ^ (value >> 63)) as u64)
}

fn varint(mut rest: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// A struct in the making: members in the order of their numbers.
#[derive(Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    fn member(mut self, id: u8, kind: u8, value: &[u8]) -> Struct {
        self.bytes.push((id - self.last) << 4 | kind);
        self.bytes.extend(value);
        self.last = id;
        self
    }

    pub(super) fn int(self, id: u8, value: i64) -> Struct {
        self.member(id, 5, &number(value))
    }

    pub(super) fn long(self, id: u8, value: i64) -> Struct {
        self.member(id, 6, &number(value))
    }

    pub(super) fn text(self, id: u8, text: &str) -> Struct {
        let value = [varint(text.len() as u64), text.as_bytes().to_vec()].concat();
        self.member(id, 8, &value)
    }

    pub(super) fn inside(self, id: u8, inner: Struct) -> Struct {
        let value = inner.end();
        self.member(id, 12, &value)
    }

    /// A list that says it has `count` items of a kind, and has these bytes.
    pub(super) fn list(self, id: u8, kind: u8, count: usize, items: &[Vec<u8>]) -> Struct {
        let mut value = match u8::try_from(count) {
            Ok(count) if count < 15 => vec![count << 4 | kind],
            _ => [vec![0xf0 | kind], varint(count as u64)].concat(),
        };
        value.extend(items.concat());
        self.member(id, 9, &value)
    }

    pub(super) fn structs(self, id: u8, items: Vec<Struct>) -> Struct {
        let items: Vec<Vec<u8>> = items.into_iter().map(Struct::end).collect();
        self.list(id, 12, items.len(), &items)
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

/// A page of one column: what its header says, and what it has.
#[derive(Clone, Default)]
pub(super) struct Page {
    pub(super) is_dictionary: bool,
    pub(super) unpacked: i64,
    pub(super) packed: Option<i64>,
    pub(super) values: i64,
    /// 0 plain, 7 delta byte array, 8 dictionary.
    pub(super) encoding: i64,
    pub(super) body: Vec<u8>,
}

impl Page {
    fn bytes(&self) -> Vec<u8> {
        let packed = self.packed.unwrap_or(self.body.len() as i64);
        let head = Struct::default()
            .int(1, if self.is_dictionary { 2 } else { 0 })
            .int(2, self.unpacked)
            .int(3, packed);
        let inner = Struct::default().int(1, self.values).int(2, self.encoding);
        let head = match self.is_dictionary {
            true => head.inside(7, inner),
            false => head.inside(5, inner.int(3, 3).int(4, 3)),
        };
        [head.end(), self.body.clone()].concat()
    }
}

pub(super) const UNCOMPRESSED: i64 = 0;
pub(super) const SNAPPY: i64 = 1;
pub(super) const GZIP: i64 = 2;

/// A file of one required text column, `n`, of these pages.
pub(super) fn file(codec: i64, rows: i64, pages: &[Page]) -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    let mut dictionary = None;
    let mut data = None;
    for page in pages {
        let at = bytes.len() as i64;
        let place = match page.is_dictionary {
            true => &mut dictionary,
            false => &mut data,
        };
        place.get_or_insert(at);
        bytes.extend(page.bytes());
    }
    let length = bytes.len() as i64 - 4;
    let texts = [varint(1), b"n".to_vec()].concat();
    let encodings = [number(0), number(3), number(8)];
    let column = Struct::default()
        .int(1, 6)
        .list(2, 5, 3, &encodings)
        .list(3, 8, 1, &[texts])
        .int(4, codec)
        .long(5, rows)
        .long(6, length)
        .long(7, length)
        .long(9, data.unwrap_or(4));
    let column = match dictionary {
        Some(at) => column.long(11, at),
        None => column,
    };
    let chunk = Struct::default().long(2, 4).inside(3, column);
    let group = Struct::default()
        .structs(1, vec![chunk])
        .long(2, length)
        .long(3, rows);
    let leaf = Struct::default().int(1, 6).int(3, 0).text(4, "n").int(6, 0);
    let root = Struct::default().text(4, "m").int(5, 1);
    let footer = Struct::default()
        .int(1, 1)
        .structs(2, vec![root, leaf])
        .long(3, rows)
        .structs(4, vec![group]);
    end(bytes, footer.end())
}

/// A file with this footer.
pub(super) fn end(mut bytes: Vec<u8>, footer: Vec<u8>) -> Vec<u8> {
    let length = footer.len() as u32;
    bytes.extend(footer);
    bytes.extend(length.to_le_bytes());
    bytes.extend(b"PAR1");
    bytes
}

/// A text as a plain page has it.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text].concat()
}
