//! Plays a trace back onto the model of the disk, and notes every answer on the way.

use super::disk::Disk;
use super::trace::Call;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// When something happens: a sync counts from its end for what was there at its beginning, an
/// answer may arrive from its beginning on, a write is there at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    Began,
    Ended,
}

/// What a moment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Nothing that matters.
    Nothing,
    /// The disk changed, or more of it became durable.
    Disk,
    /// The `nth` answer to the client at `port` began to leave.
    Answer { port: u16, nth: usize, status: u16 },
}

/// Beginnings and ends of calls in the order in which they happened.
pub fn moments(calls: &[Call]) -> Vec<(usize, Moment)> {
    let mut moments: Vec<(usize, Moment, usize)> = Vec::with_capacity(calls.len() * 2);
    for (place, call) in calls.iter().enumerate() {
        moments.push((call.began, Moment::Began, place));
        moments.push((call.ended, Moment::Ended, place));
    }
    moments.sort_unstable();
    moments
        .into_iter()
        .map(|(_, moment, place)| (place, moment))
        .collect()
}

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug)]
enum Handle {
    /// An open file: its place in the list of them, which duplicates share.
    File(usize),
    /// A connection: its place in the list of them.
    Connection(usize),
}

#[derive(Debug)]
struct OpenFile {
    node: usize,
    at: usize,
    appends: bool,
}

/// One process after the other on one disk.
pub struct Replay {
    pub disk: Disk,
    handles: BTreeMap<i64, Handle>,
    files: Vec<OpenFile>,
    connections: Vec<(u16, usize)>,
    syncs: BTreeMap<usize, (usize, usize)>,
    /// A file whose syncs are not believed: a disk that lies.
    pub unsynced: Option<PathBuf>,
}

impl Replay {
    pub fn new(root: &Path) -> Replay {
        Replay {
            disk: Disk::new(root),
            handles: BTreeMap::new(),
            files: Vec::new(),
            connections: Vec::new(),
            syncs: BTreeMap::new(),
            unsynced: None,
        }
    }

    /// Another process begins: it has nothing open.
    pub fn begin_process(&mut self) {
        self.handles.clear();
        self.syncs.clear();
    }

    /// Applies one moment of the call at `place`.
    pub fn apply(&mut self, place: usize, call: &Call, moment: Moment) -> Happened {
        match (call.name.as_str(), moment) {
            ("fsync" | "fdatasync", Moment::Began) => self.begin_sync(place, call),
            ("close", Moment::Began) => {
                call.number(0).and_then(|fd| self.handles.remove(&fd));
                Happened::Nothing
            }
            ("write" | "writev" | "sendto" | "sendmsg", Moment::Began) => self.answer(call),
            (_, Moment::Began) => Happened::Nothing,
            // What failed, or never came back, has changed nothing that is counted on.
            (_, Moment::Ended) => match call.result {
                Some(result) if result >= 0 => self.ended(place, call, result),
                _ => Happened::Nothing,
            },
        }
    }

    fn ended(&mut self, place: usize, call: &Call, result: i64) -> Happened {
        match call.name.as_str() {
            "fsync" | "fdatasync" => self.end_sync(place),
            "openat" | "open" | "creat" => self.open(call, result),
            "accept" | "accept4" => self.accept(call, result),
            "dup" | "dup2" | "dup3" => self.duplicate(call, result),
            "fcntl" if call.word(1).starts_with("F_DUPFD") => self.duplicate(call, result),
            "lseek" => self.seek(call, result),
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => self.write(call),
            "ftruncate" => self.truncate(call),
            "rename" | "renameat" | "renameat2" => self.rename(call),
            "link" | "linkat" => self.link(call),
            "unlink" | "unlinkat" | "rmdir" => self.remove(call),
            "mkdir" | "mkdirat" => {
                let made = path(call, 0).and_then(|path| self.disk.make_folder(&path));
                happened(made)
            }
            "close" | "fcntl" | "sendto" | "sendmsg" => Happened::Nothing,
            other => {
                let ours = call.number(0).and_then(|fd| self.handles.get(&fd));
                assert!(
                    !matches!(ours, Some(Handle::File(_))),
                    "the model does not know {other}"
                );
                Happened::Nothing
            }
        }
    }

    fn begin_sync(&mut self, place: usize, call: &Call) -> Happened {
        if let Some(node) = self.file(call).map(|file| file.node) {
            let lies = self
                .unsynced
                .as_deref()
                .is_some_and(|path| self.disk.find(path) == Some(node));
            let covered = if lies { 0 } else { self.disk.begin_sync(node) };
            self.syncs.insert(place, (node, covered));
        }
        Happened::Nothing
    }

    fn end_sync(&mut self, place: usize) -> Happened {
        match self.syncs.remove(&place) {
            Some((node, covered)) => {
                self.disk.end_sync(node, covered);
                Happened::Disk
            }
            None => Happened::Nothing,
        }
    }

    fn open(&mut self, call: &Call, fd: i64) -> Happened {
        self.handles.remove(&fd);
        let Some(path) = path(call, 0) else {
            return Happened::Nothing;
        };
        let flags = &call.arguments;
        let known = self.disk.find(&path);
        let node = match known {
            None if flags.contains("O_CREAT") || call.name == "creat" => self.disk.make_file(&path),
            known => known,
        };
        let Some(node) = node else {
            return Happened::Nothing;
        };
        let truncates = flags.contains("O_TRUNC") || call.name == "creat";
        if truncates && self.disk.length(node) > 0 {
            self.disk.set_length(node, 0);
        }
        self.files.push(OpenFile {
            node,
            at: 0,
            appends: flags.contains("O_APPEND"),
        });
        self.handles.insert(fd, Handle::File(self.files.len() - 1));
        if known.is_none() || truncates {
            Happened::Disk
        } else {
            Happened::Nothing
        }
    }

    fn accept(&mut self, call: &Call, fd: i64) -> Happened {
        let port = call
            .arguments
            .split_once("htons(")
            .and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
        if let Some(port) = port {
            self.connections.push((port, 0));
            self.handles
                .insert(fd, Handle::Connection(self.connections.len() - 1));
        }
        Happened::Nothing
    }

    fn duplicate(&mut self, call: &Call, fd: i64) -> Happened {
        if let Some(handle) = call
            .number(0)
            .and_then(|from| self.handles.get(&from))
            .copied()
        {
            self.handles.insert(fd, handle);
        }
        Happened::Nothing
    }

    fn seek(&mut self, call: &Call, at: i64) -> Happened {
        if let Some(file) = self.file_mut(call) {
            file.at = usize::try_from(at).unwrap_or(0);
        }
        Happened::Nothing
    }

    fn write(&mut self, call: &Call) -> Happened {
        let Some(file) = self.file(call) else {
            return Happened::Nothing;
        };
        let node = file.node;
        let bytes = call.bytes();
        let given = call.name.starts_with('p');
        let at = if given {
            call.arguments
                .rsplit(", ")
                .find_map(|word| word.parse().ok())
                .unwrap_or(0)
        } else if file.appends {
            self.disk.length(node)
        } else {
            file.at
        };
        let end = at + bytes.len();
        self.disk.write(node, at, bytes);
        if let (false, Some(file)) = (given, self.file_mut(call)) {
            file.at = end;
        }
        Happened::Disk
    }

    fn truncate(&mut self, call: &Call) -> Happened {
        let length = call
            .number(1)
            .and_then(|length| usize::try_from(length).ok());
        let (Some(node), Some(length)) = (self.file(call).map(|file| file.node), length) else {
            return Happened::Nothing;
        };
        self.disk.set_length(node, length);
        Happened::Disk
    }

    fn rename(&mut self, call: &Call) -> Happened {
        let (Some(from), Some(to)) = (path(call, 0), path(call, 1)) else {
            return Happened::Nothing;
        };
        self.disk.rename(&from, &to);
        Happened::Disk
    }

    fn link(&mut self, call: &Call) -> Happened {
        let (Some(from), Some(to)) = (path(call, 0), path(call, 1)) else {
            return Happened::Nothing;
        };
        self.disk.link(&from, &to);
        Happened::Disk
    }

    fn remove(&mut self, call: &Call) -> Happened {
        let Some(path) = path(call, 0) else {
            return Happened::Nothing;
        };
        self.disk.remove(&path);
        Happened::Disk
    }

    fn answer(&mut self, call: &Call) -> Happened {
        let Some(&Handle::Connection(place)) = call.number(0).and_then(|fd| self.handles.get(&fd))
        else {
            return Happened::Nothing;
        };
        let bytes = call.bytes();
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).into_owned();
        let Some(status) = head
            .strip_prefix("HTTP/1.1 ")
            .and_then(|status| status.parse().ok())
        else {
            return Happened::Nothing;
        };
        let (port, answered) = &mut self.connections[place];
        *answered += 1;
        Happened::Answer {
            port: *port,
            nth: *answered - 1,
            status,
        }
    }

    fn file(&self, call: &Call) -> Option<&OpenFile> {
        match self.handles.get(&call.number(0)?)? {
            Handle::File(place) => self.files.get(*place),
            Handle::Connection(_) => None,
        }
    }

    fn file_mut(&mut self, call: &Call) -> Option<&mut OpenFile> {
        match self.handles.get(&call.number(0)?)? {
            Handle::File(place) => self.files.get_mut(*place),
            Handle::Connection(_) => None,
        }
    }
}

fn path(call: &Call, nth: usize) -> Option<PathBuf> {
    call.text(nth).map(PathBuf::from)
}

fn happened(change: Option<usize>) -> Happened {
    if change.is_some() {
        Happened::Disk
    } else {
        Happened::Nothing
    }
}
