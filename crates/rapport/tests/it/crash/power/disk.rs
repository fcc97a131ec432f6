//! A model of a disk that forgets: of every file and folder, what is seen and what is synced.
//!
//! A file's bytes are durable from a sync that began after they were written; a name, from a sync
//! of its folder. Nothing else is: the strictest reading of what the system promises.

use super::super::load::Dice;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// None of it.
    Everything,
    /// All of it: the cut hit after the disk had caught up by itself.
    Nothing,
    /// Any of it, in any order, the last writes torn; chosen by this seed.
    Some(u64),
    /// All of it but the last write of one file, which is torn; chosen by this seed.
    Torn(u64),
}

/// A file or a folder, whatever names it has.
type Node = usize;

#[derive(Clone, Debug)]
enum FileChange {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl FileChange {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            FileChange::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            FileChange::Length(length) => content.resize(*length, 0),
        }
    }
}

#[derive(Clone, Debug)]
enum FolderChange {
    Put(String, Node),
    Drop(String),
    /// Within one folder a rename is one change.
    Rename(String, String, Node),
}

type Names = BTreeMap<String, Node>;

impl FolderChange {
    fn apply(&self, names: &mut Names) {
        match self {
            FolderChange::Put(name, node) => drop(names.insert(name.clone(), *node)),
            FolderChange::Drop(name) => drop(names.remove(name)),
            FolderChange::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

#[derive(Debug)]
enum Body {
    File(Kept<Vec<u8>, FileChange>),
    Folder(Kept<Names, FolderChange>),
}

/// What is durable, and what was changed since, in order.
#[derive(Debug)]
struct Kept<T, C> {
    durable: T,
    seen: T,
    pending: Vec<C>,
    /// How many changes are durable.
    synced: usize,
}

impl<T: Default, C> Kept<T, C> {
    fn empty() -> Kept<T, C> {
        Kept {
            durable: T::default(),
            seen: T::default(),
            pending: Vec::new(),
            synced: 0,
        }
    }

    /// How many changes there were ever.
    fn changes(&self) -> usize {
        self.synced + self.pending.len()
    }

    /// Makes the first `covered` of all changes durable, where another sync has not done it.
    fn sync(&mut self, covered: usize, apply: impl Fn(&C, &mut T)) {
        let fresh = covered.saturating_sub(self.synced);
        for change in self.pending.drain(..fresh) {
            apply(&change, &mut self.durable);
        }
        self.synced += fresh;
    }
}

/// The disk under one root folder.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    nodes: Vec<Body>,
}

impl Disk {
    /// An empty, durable folder at `root`.
    pub fn new(root: &Path) -> Disk {
        Disk {
            root: root.to_owned(),
            nodes: vec![Body::Folder(Kept::empty())],
        }
    }

    /// The file or folder of this name, as it is seen.
    pub fn find(&self, path: &Path) -> Option<Node> {
        let below = path.strip_prefix(&self.root).ok()?;
        below
            .iter()
            .try_fold(0, |node, name| match &self.nodes[node] {
                Body::Folder(folder) => folder.seen.get(name.to_str()?).copied(),
                Body::File(_) => None,
            })
    }

    /// Makes an empty file.
    pub fn make_file(&mut self, path: &Path) -> Option<Node> {
        self.make(path, Body::File(Kept::empty()))
    }

    /// Makes an empty folder.
    pub fn make_folder(&mut self, path: &Path) -> Option<Node> {
        self.make(path, Body::Folder(Kept::empty()))
    }

    /// Removes a name.
    pub fn remove(&mut self, path: &Path) {
        if let (Some((folder, name)), Some(_)) = (self.parent(path), self.find(path)) {
            self.change_folder(folder, FolderChange::Drop(name));
        }
    }

    /// Gives a file another name.
    pub fn rename(&mut self, from: &Path, to: &Path) {
        let (Some(node), Some((old, from)), Some((new, to))) =
            (self.find(from), self.parent(from), self.parent(to))
        else {
            return;
        };
        if old == new {
            return self.change_folder(old, FolderChange::Rename(from, to, node));
        }
        self.change_folder(new, FolderChange::Put(to, node));
        self.change_folder(old, FolderChange::Drop(from));
    }

    /// Gives a file a second name.
    pub fn link(&mut self, from: &Path, to: &Path) {
        if let (Some(node), Some((folder, name))) = (self.find(from), self.parent(to)) {
            self.change_folder(folder, FolderChange::Put(name, node));
        }
    }

    /// Writes into a file.
    pub fn write(&mut self, node: Node, at: usize, bytes: Vec<u8>) {
        self.change_file(node, FileChange::Write { at, bytes });
    }

    /// Sets a file's length.
    pub fn set_length(&mut self, node: Node, length: usize) {
        self.change_file(node, FileChange::Length(length));
    }

    /// How long a file is as seen.
    pub fn length(&self, node: Node) -> usize {
        match &self.nodes[node] {
            Body::File(file) => file.seen.len(),
            Body::Folder(_) => 0,
        }
    }

    /// How many of a file's or a folder's changes a sync that begins now covers.
    pub fn begin_sync(&self, node: Node) -> usize {
        match &self.nodes[node] {
            Body::File(file) => file.changes(),
            Body::Folder(folder) => folder.changes(),
        }
    }

    /// Makes the first `covered` changes durable.
    pub fn end_sync(&mut self, node: Node, covered: usize) {
        match &mut self.nodes[node] {
            Body::File(file) => file.sync(covered, FileChange::apply),
            Body::Folder(folder) => folder.sync(covered, FolderChange::apply),
        }
    }

    /// Writes into `target` what a cut leaves of the files whose names begin like one of these.
    pub fn leave(&self, loss: Loss, names: &[&str], target: &Path) -> std::io::Result<()> {
        let mut left = Left {
            disk: self,
            loss,
            names,
            dice: Dice::new(seed(loss)),
            torn: None,
        };
        left.torn = left.choose_torn();
        left.folder(0, target)
    }

    /// Every file as it is seen, by its path below the root.
    pub fn seen(&self) -> BTreeMap<PathBuf, &[u8]> {
        let mut files = BTreeMap::new();
        self.collect(0, Path::new(""), &mut files);
        files
    }

    fn collect<'a>(&'a self, node: Node, path: &Path, files: &mut BTreeMap<PathBuf, &'a [u8]>) {
        match &self.nodes[node] {
            Body::File(file) => drop(files.insert(path.to_owned(), &file.seen)),
            Body::Folder(folder) => {
                folder
                    .seen
                    .iter()
                    .for_each(|(name, node)| self.collect(*node, &path.join(name), files));
            }
        }
    }

    fn make(&mut self, path: &Path, body: Body) -> Option<Node> {
        let (folder, name) = self.parent(path)?;
        self.nodes.push(body);
        let node = self.nodes.len() - 1;
        self.change_folder(folder, FolderChange::Put(name, node));
        Some(node)
    }

    fn parent(&self, path: &Path) -> Option<(Node, String)> {
        let folder = self.find(path.parent()?)?;
        Some((folder, path.file_name()?.to_str()?.to_owned()))
    }

    fn change_file(&mut self, node: Node, change: FileChange) {
        if let Body::File(file) = &mut self.nodes[node] {
            change.apply(&mut file.seen);
            file.pending.push(change);
        }
    }

    fn change_folder(&mut self, node: Node, change: FolderChange) {
        if let Body::Folder(folder) = &mut self.nodes[node] {
            change.apply(&mut folder.seen);
            folder.pending.push(change);
        }
    }
}

fn seed(loss: Loss) -> u64 {
    match loss {
        Loss::Everything | Loss::Nothing => 0,
        Loss::Some(seed) | Loss::Torn(seed) => seed,
    }
}

/// One cut's choice of what is left.
struct Left<'a> {
    disk: &'a Disk,
    loss: Loss,
    names: &'a [&'a str],
    dice: Dice,
    torn: Option<Node>,
}

impl Left<'_> {
    /// Of the files with writes that are not synced, one.
    fn choose_torn(&mut self) -> Option<Node> {
        let unsynced = |node: &Node| matches!(&self.disk.nodes[*node], Body::File(file) if !file.pending.is_empty());
        let candidates: Vec<Node> = (0..self.disk.nodes.len()).filter(unsynced).collect();
        let place = self.dice.below(candidates.len() as u64) as usize;
        candidates.get(place).copied()
    }

    fn folder(&mut self, node: Node, target: &Path) -> std::io::Result<()> {
        let Body::Folder(folder) = &self.disk.nodes[node] else {
            return Ok(());
        };
        std::fs::create_dir_all(target)?;
        let names = match self.loss {
            Loss::Everything => folder.durable.clone(),
            Loss::Nothing | Loss::Torn(_) => folder.seen.clone(),
            Loss::Some(_) => {
                let mut names = folder.durable.clone();
                let kept = self.dice.below(folder.pending.len() as u64 + 1) as usize;
                folder.pending[..kept]
                    .iter()
                    .for_each(|change| change.apply(&mut names));
                names
            }
        };
        for (name, node) in names {
            let is_wanted = self.names.iter().any(|wanted| name.starts_with(wanted));
            // The log's index lives in memory and is made again.
            if !is_wanted || name.ends_with("-shm") {
                continue;
            }
            match &self.disk.nodes[node] {
                Body::Folder(_) => self.folder(node, &target.join(name))?,
                Body::File(file) => {
                    let content = self.file(node, file);
                    std::fs::write(target.join(name), content)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, node: Node, file: &Kept<Vec<u8>, FileChange>) -> Vec<u8> {
        match self.loss {
            Loss::Everything => file.durable.clone(),
            Loss::Nothing => file.seen.clone(),
            Loss::Torn(_) if self.torn != Some(node) => file.seen.clone(),
            Loss::Torn(_) => {
                let mut content = file.durable.clone();
                if let Some((last, before)) = file.pending.split_last() {
                    before.iter().for_each(|change| change.apply(&mut content));
                    self.tear(last).apply(&mut content);
                }
                content
            }
            Loss::Some(_) => {
                let mut content = file.durable.clone();
                for change in &file.pending {
                    match self.dice.below(4) {
                        0 => {}
                        1 => self.tear(change).apply(&mut content),
                        _ => change.apply(&mut content),
                    }
                }
                content
            }
        }
    }

    /// The beginning of a write; a length is set or not.
    fn tear(&mut self, change: &FileChange) -> FileChange {
        match change {
            FileChange::Write { at, bytes } => {
                let kept = self.dice.below(bytes.len() as u64 + 1) as usize;
                FileChange::Write {
                    at: *at,
                    bytes: bytes[..kept].to_vec(),
                }
            }
            FileChange::Length(length) => FileChange::Length(*length),
        }
    }
}
