//! Text out of a file's bytes, as they come: unpacked where they are gzip, in UTF-8 whatever they
//! were written in.

use crate::error::{Error, Result, disk};
use crate::mapping::shown;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER_BYTES: usize = 64 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A file may unpack to so many times its size: more is made to fill a machine, not to be read.
const UNPACKED_TIMES_MAX: u64 = 250;
/// Below this nobody counts how many times that is, in bytes.
const UNPACKED_BYTES_FREE: u64 = 64 << 20;

/// A file's text, and how much of the file was read for it.
pub struct Text {
    /// UTF-8, but for rows in an encoding nobody named (see [`readable`]).
    pub lines: Box<dyn BufRead + Send>,
    /// Bytes of the file read so far.
    pub read: Arc<AtomicU64>,
}

/// Opens a file's text. Without a name the encoding is told by its mark or its zeros.
///
/// # Errors
/// Where it is no text, or an archive.
pub fn open(mut file: File, named: Option<&'static Encoding>) -> Result<Text> {
    file.rewind().map_err(disk("reading the file"))?;
    let size = file.metadata().map_err(disk("reading the file"))?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        file,
        read: Arc::clone(&read),
    };
    let lines = lines(counted, size, named)?;
    Ok(Text { lines, read })
}

/// The text of bytes that are in memory, told and unpacked as a file's.
///
/// # Errors
/// As [`open`].
pub fn of(bytes: Vec<u8>) -> Result<Box<dyn BufRead + Send>> {
    let size = bytes.len() as u64;
    lines(io::Cursor::new(bytes), size, None)
}

fn lines(
    source: impl Read + Send + 'static,
    size: u64,
    named: Option<&'static Encoding>,
) -> Result<Box<dyn BufRead + Send>> {
    let mut bytes = BufReader::with_capacity(BUFFER_BYTES, source);
    let start = peek(&mut bytes)?;
    let mut plain: Box<dyn BufRead + Send> = if start.starts_with(&GZIP) {
        let unpacked = Unpacked {
            inner: MultiGzDecoder::new(bytes),
            left: (size.saturating_mul(UNPACKED_TIMES_MAX)).max(UNPACKED_BYTES_FREE),
        };
        Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked))
    } else {
        Box::new(bytes)
    };
    let start = peek(&mut plain)?;
    refuse_archives(&start)?;
    let (encoding, mark) = match Encoding::for_bom(&start) {
        Some((encoding, mark)) => (Some(encoding), mark),
        None => (named.or_else(|| zeros(&start)), 0),
    };
    plain.consume(mark);
    Ok(match encoding {
        None => plain,
        Some(encoding) if encoding == UTF_8 => plain,
        Some(encoding) => Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            Decoded::new(plain, encoding),
        )),
    })
}

/// The encoding of a name, such as `latin1`, `utf-16` or `shift_jis`.
///
/// # Errors
/// Where the name is of none.
pub fn encoding(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
        Error::Mapping(format!(
            "`{}` is no encoding: say utf-8, windows-1252, utf-16le or another of the web's names",
            shown(name)
        ))
    })
}

/// A row's text: UTF-8 as it is; what is none is read as Windows-1252, of which Latin-1 is a part.
/// The second tells which it was.
#[must_use]
pub fn readable(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// The first bytes, which stay to be read.
pub(crate) fn peek(bytes: &mut impl BufRead) -> Result<Vec<u8>> {
    let start = bytes.fill_buf().map_err(unpacking)?;
    Ok(start[..start.len().min(4_096)].to_vec())
}

/// What a failed read of a file means: broken gzip is the file's, the rest the disk's.
pub(crate) fn unpacking(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Error::File(format!("the file is damaged: {error}"))
        }
        _ => disk("reading the file")(error),
    }
}

fn refuse_archives(start: &[u8]) -> Result<()> {
    let archives: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd"),
        (b"BZh", "packed with bzip2"),
        (b"\xfd7zXZ", "packed with xz"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    ];
    match archives.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, what)) => Err(Error::File(format!(
            "the file is {what}: unpack it, or save it as CSV (gzip is read as it is)"
        ))),
        None => Ok(()),
    }
}

/// UTF-16 without a mark: every second byte of plain text is zero.
fn zeros(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = start.len() / 2;
    if pairs < 4 {
        return None;
    }
    let count = |odd: usize| start.chunks_exact(2).filter(|pair| pair[odd] == 0).count();
    let mostly = |zeros: usize| zeros * 10 > pairs * 7;
    match (mostly(count(0)), mostly(count(1))) {
        (false, true) => Some(UTF_16LE),
        (true, false) => Some(UTF_16BE),
        _ => None,
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Stops at a file that unpacks to far more than files do.
struct Unpacked<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let message = format!("it unpacks to more than {UNPACKED_TIMES_MAX} times its size");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(read)
    }
}

/// Turns another encoding into UTF-8 as it is read.
struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Decoded<R> {
        Decoded {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            ready: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let source = self.inner.fill_buf()?;
        let is_last = source.is_empty();
        self.ready.resize(BUFFER_BYTES, 0);
        let (result, read, written, _) =
            self.decoder
                .decode_to_utf8(source, &mut self.ready, is_last);
        self.inner.consume(read);
        self.ready.truncate(written);
        self.at = 0;
        self.ended = is_last && result == CoderResult::InputEmpty;
        Ok(())
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let length = bytes.len().min(self.ready.len() - self.at);
        bytes[..length].copy_from_slice(&self.ready[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn read(bytes: &[u8], named: Option<&str>) -> std::result::Result<String, String> {
        let named = named.map(|name| encoding(name).unwrap());
        let mut text = open(file(bytes), named).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        text.lines
            .read_to_end(&mut out)
            .map_err(|error| error.to_string())?;
        Ok(readable(&out).0.into_owned())
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_is_read_in_the_encodings_that_files_come_in() {
        let expected = Ok("namn\nÅsa €\n".to_owned());
        let utf_16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "namn\nÅsa €\n".encode_utf16().flat_map(order).collect()
        };
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        assert_eq!(read("namn\nÅsa €\n".as_bytes(), None), expected);
        assert_eq!(read("\u{feff}namn\nÅsa €\n".as_bytes(), None), expected);
        assert_eq!(read(b"namn\n\xc5sa \x80\n", None), expected);
        assert_eq!(
            read(&marked(b"\xff\xfe", utf_16(u16::to_le_bytes)), None),
            expected
        );
        assert_eq!(
            read(&marked(b"\xfe\xff", utf_16(u16::to_be_bytes)), None),
            expected
        );
        assert_eq!(read(&utf_16(u16::to_le_bytes), None), expected);
        assert_eq!(
            read(&gzip(b"namn\n\xc5sa \x80\n"), Some("windows-1252")),
            expected
        );
        assert_eq!(read(b"", None), Ok(String::new()));
    }

    #[test]
    fn archives_and_broken_gzip_are_refused_in_words() {
        assert!(
            read(b"PK\x03\x04....", None)
                .unwrap_err()
                .contains("unpack it")
        );
        let whole = gzip(b"a,b\n1,2\n");
        assert!(read(&whole[..whole.len() - 4], None).is_err());
        assert!(encoding("klingon").is_err());
    }

    #[test]
    fn a_bomb_ends_with_an_error() {
        let bomb = gzip(&vec![b' '; 128 << 20]);
        let told = read(&bomb, None).unwrap_err();
        assert!(told.contains("250 times"), "{told}");
    }
}
