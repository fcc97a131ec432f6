//! Reads what `strace -f -xx` wrote: system calls in the order in which they began and ended.

use std::collections::BTreeMap;

/// What is traced: everything that changes files, makes them durable, or answers a client.
pub const CALLS: &str = "openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2,lseek,\
    ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,\
    unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,dup,dup2,dup3,fcntl,\
    copy_file_range,sendfile,accept,accept4,sendto,sendmsg";

/// One system call that returned.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub arguments: String,
    /// `None` where the process was gone before it returned.
    pub result: Option<i64>,
    /// Lines of the trace where it began and where it ended.
    pub began: usize,
    pub ended: usize,
}

/// Every call of a trace, by where it began.
pub fn read(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for (place, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(thread, (place, begun.to_owned()));
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((_, tail)) = resumed.split_once(" resumed>") else {
                continue;
            };
            if let Some((began, head)) = open.remove(thread) {
                calls.extend(parse(&(head + tail), began, place));
            }
        } else {
            calls.extend(parse(rest, place, place));
        }
    }
    let never_returned = open.into_values();
    calls.extend(
        never_returned.filter_map(|(began, head)| parse(&(head + ") = ?"), began, usize::MAX)),
    );
    calls.sort_by_key(|call| call.began);
    calls
}

/// `name(arguments) = result`; signals and exits are none.
fn parse(line: &str, began: usize, ended: usize) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return None;
    }
    // Texts are hexadecimal, so nothing inside of them looks like the end of the call.
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?.to_owned();
    let word = result.split(' ').next().unwrap_or_default();
    let result = match word.strip_prefix("0x") {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None => word.parse().ok(),
    };
    Some(Call {
        name: name.to_owned(),
        arguments,
        result,
        began,
        ended,
    })
}

impl Call {
    /// The numbers among the arguments that stand outside of texts and structures, by place.
    pub fn number(&self, place: usize) -> Option<i64> {
        self.split().nth(place)?.parse().ok()
    }

    /// An argument as it stands.
    pub fn word(&self, place: usize) -> &str {
        self.split().nth(place).unwrap_or_default()
    }

    fn split(&self) -> impl Iterator<Item = &str> {
        self.arguments.split(", ")
    }

    /// The first text among the arguments.
    pub fn text(&self, place: usize) -> Option<String> {
        String::from_utf8(texts(&self.arguments).nth(place)?).ok()
    }

    /// Every byte given, joined: one buffer's, or all of a vector's; as far as it was written.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = texts(&self.arguments).flatten().collect();
        if let Some(written) = self.result {
            bytes.truncate(usize::try_from(written).unwrap_or(0));
        }
        bytes
    }
}

/// Quoted texts of `\x41\x42`.
fn texts(arguments: &str) -> impl Iterator<Item = Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(|text| {
        assert!(
            text.len() % 4 == 0,
            "a text that is not hexadecimal: {text}"
        );
        let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
        text.as_bytes()
            .chunks(4)
            .map(|four| digit(four[2]) << 4 | digit(four[3]))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_others_interrupted_is_read_as_one() {
        let text = "7 pwrite64(5, \"\\x41\\x42\", 2, 4096 <unfinished ...>\n8 fsync(6)  = 0\n7 <... pwrite64 resumed>) = 2\n7 +++ exited with 0 +++\n";
        let calls = read(text);
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].began, calls[0].ended), (0, 2));
        assert_eq!(calls[0].bytes(), b"AB");
        assert_eq!(
            (calls[0].number(0), calls[0].number(3)),
            (Some(5), Some(4096))
        );
        assert_eq!(
            (calls[1].name.as_str(), calls[1].result),
            ("fsync", Some(0))
        );
    }

    #[test]
    fn failures_and_calls_without_an_end_are_told_apart() {
        let calls = read(
            "7 fsync(5) = -1 EIO (Input/output error)\n7 write(5, \"\\x41\", 1 <unfinished ...>\n",
        );
        assert_eq!(calls[0].result, Some(-1));
        assert_eq!(calls[1].result, None);
    }

    #[test]
    fn a_vector_of_buffers_is_one_write() {
        let calls = read(
            "7 writev(5, [{iov_base=\"\\x41\", iov_len=1}, {iov_base=\"\\x42\\x43\", iov_len=2}], 2) = 2\n",
        );
        assert_eq!(calls[0].bytes(), b"AB");
    }
}
