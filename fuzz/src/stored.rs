//! Bytes as doors and engines hold them: made by the code that writes them, read by the code that
//! must stand their damage.

use crate::corpus;
use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use rapport_core::event::{Call, Dialect, Event, KeyKind, Kind, Origin, SourceNo};
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_embedded::history::ParquetHistory;
use rapport_embedded::{Directory, SeenRuns, raw};
use rapport_store::history::{Ask, Entry, File, History, Row};
use rapport_store::ledger::Submission;
use rapport_store::seen::{Run, Seen};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;

type Golden = &'static [&'static [u8]];

/// A run that says it is longer is read as long as it is.
const RUN_BYTES_MAX: usize = 1 << 20;
const BEGIN: Millis = Millis(1_700_000_000_000);

/// Engines on a folder of their own, for as long as the process lives.
struct Engines {
    runtime: Runtime,
    directory: Directory,
    history: ParquetHistory,
    seen: SeenRuns,
    _folder: TempDir,
}

static ENGINES: LazyLock<Engines> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = Directory::open(folder.path()).expect("a directory");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .build();
    Engines {
        runtime: runtime.expect("a runtime"),
        history: ParquetHistory::open(directory.history()).expect("history"),
        seen: SeenRuns::open(&directory).expect("seen ids"),
        directory,
        _folder: folder,
    }
});

/// Makes golden payloads once.
fn once(
    kept: &'static OnceLock<Vec<&'static [u8]>>,
    make: impl FnOnce() -> Vec<Vec<u8>>,
) -> Golden {
    let leak = |bytes: Vec<u8>| -> &'static [u8] { Vec::leak(bytes) };
    kept.get_or_init(|| make().into_iter().map(leak).collect())
}

/// Bodies as they are sent: plain, packed, packed in two pieces.
pub(crate) fn bodies() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        let plain = corpus::BODIES.iter().map(|body| body.to_vec());
        let packed = corpus::BODIES.iter().map(|body| gzip(body));
        let bomb = gzip(&vec![b' '; 4 << 20]);
        let pieces = corpus::BODIES[0].chunks(100).flat_map(gzip).collect();
        plain.chain(packed).chain([bomb, pieces]).collect()
    })
}

/// Files as people pack them.
pub(crate) fn packed() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        let plain = corpus::FILES.iter().map(|file| file.to_vec());
        plain
            .chain(corpus::FILES.iter().map(|file| gzip(file)))
            .collect()
    })
}

/// Bodies in every packing of PostHog's SDKs.
pub(crate) fn packings() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        let form = |inner: &[u8]| {
            let base64 = base64::engine::general_purpose::STANDARD.encode(inner);
            format!("ip=1&data={}", base64.replace('+', "%2B")).into_bytes()
        };
        let packings = |body: &&[u8]| [body.to_vec(), gzip(body), form(body), form(&gzip(body))];
        corpus::POSTHOG.iter().flat_map(packings).collect()
    })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

/// Groups as rows of the ledger hold them.
pub(crate) fn groups() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        let many: Vec<Submission> = (0..40).map(submission).collect();
        [&many[..1], &many[..3], &many[..]]
            .map(|group| raw::pack_group(group).expect("a group"))
            .into()
    })
}

fn submission(number: usize) -> Submission {
    Submission {
        origin: Origin {
            source: SourceNo(1 + number as u32 % 3),
            key_kind: KeyKind::Browser,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: Some(format!("192.0.2.{}", number % 5)),
            user_agent: Some("Browser/7".to_owned()),
        },
        body: corpus::BODIES[number % corpus::BODIES.len()].to_vec(),
    }
}

/// Reads a group whose checksum is right.
pub(crate) fn group(input: &[u8]) {
    if let Ok(requests) = raw::unpack_group(input) {
        let packed = raw::pack_group(&requests).expect("what was read can be written");
        assert_eq!(raw::unpack_group(&packed), Ok(requests));
    }
}

/// Runs of seen ids, of one page and of several.
pub(crate) fn runs() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        [3_u64, 700]
            .map(|count| {
                let ids = (0..count).map(|n| (key(n), BEGIN.plus(n as i64))).collect();
                let run = ENGINES.runtime.block_on(ENGINES.seen.write(ids));
                let run = run.expect("a run");
                let bytes = std::fs::read(ENGINES.directory.seen().join(&run.name));
                let _ = ENGINES.runtime.block_on(ENGINES.seen.remove(&[run.name]));
                bytes.expect("its bytes")
            })
            .into()
    })
}

fn key(number: u64) -> u128 {
    (u128::from(number) << 77) | u128::from(number * 7)
}

/// A name that no other input has: engines remember what they opened by its name.
fn fresh_name(extension: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "broken-{}.{extension}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Looks ids up in a run whose checksums are right, and merges it.
pub(crate) fn run(input: &[u8]) {
    let mut bytes = input.to_vec();
    let ids = raw::seal_run(&mut bytes, RUN_BYTES_MAX).unwrap_or_default();
    let listed = Run {
        name: fresh_name("seen"),
        ids,
        bytes: bytes.len() as u64,
        received: (BEGIN, BEGIN.plus(1_000)),
    };
    let path = ENGINES.directory.seen().join(&listed.name);
    std::fs::write(&path, &bytes).expect("a file");
    let keys: Vec<u128> = (0..20).map(|n| key(n * n)).collect();
    let runs = [listed];
    ENGINES.runtime.block_on(async {
        let found = ENGINES.seen.find(&runs, &keys).await;
        calm(found.as_ref().err());
        let merged = ENGINES.seen.merge(&runs, Millis(0)).await;
        calm(merged.as_ref().err());
        let merged = merged.map(|run| run.name).into_iter();
        let names: Vec<String> = merged.chain([runs[0].name.clone()]).collect();
        ENGINES.seen.remove(&names).await.expect("they go");
    });
}

/// Files of history: events of several people, and what was rejected.
pub(crate) fn files() -> Golden {
    static KEPT: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    once(&KEPT, || {
        [1, 30]
            .map(|count| {
                let entries = (1..=count).map(entry).collect();
                let written = ENGINES.runtime.block_on(ENGINES.history.write(entries));
                let name = written.expect("a file").remove(0).name;
                let bytes = std::fs::read(ENGINES.directory.history().join(&name));
                let _ = ENGINES.runtime.block_on(ENGINES.history.remove(&[name]));
                bytes.expect("its bytes")
            })
            .into()
    })
}

fn entry(number: u64) -> Entry {
    let is_event = !number.is_multiple_of(7);
    let outcome = match is_event {
        true => Outcome::Accepted,
        false => Outcome::Invalid(Reason::new("invalid_event", "an event must be an object")),
    };
    Entry::Event(Arc::new(Row {
        event: Event {
            position: Position::event(number, 0),
            received: BEGIN.plus(number as i64),
            original: Some(BEGIN),
            sent: None,
            at: BEGIN.plus(number as i64),
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            kind: Kind::Track,
            name: "Milk Bought".into(),
            message_id: format!("m{number}").into(),
            identifiers: vec![Identifier::new(IdKind::UserId, "ana")],
            previous: None,
            group: None,
            traits: "{}".into(),
            properties: r#"{"price":1.5}"#.into(),
            context: "{}".into(),
            extra: "{}".into(),
        },
        origin: is_event.then_some(ProfileNo(1 + number % 4)),
        outcome,
    }))
}

/// Reads a file in every way there is.
pub(crate) fn file(input: &[u8]) {
    let name = fresh_name("parquet");
    let path = ENGINES.directory.history().join(&name);
    std::fs::write(&path, input).expect("a file");
    let everybody = (ProfileNo(0), ProfileNo(u64::MAX));
    let files = [File {
        name: name.clone(),
        rows: 30,
        bytes: input.len() as u64,
        first: Position::event(1, 0),
        last: Position::event(30, 0),
        at: (Millis(0), Millis::MAX),
        received: (Millis(0), Millis::MAX),
        people: everybody,
        level: 0,
    }];
    let origins: Vec<ProfileNo> = (1..4).map(ProfileNo).collect();
    let ids = [(SourceNo(1), "m3".into()), (SourceNo(1), "m99".into())];
    ENGINES.runtime.block_on(async {
        let history = &ENGINES.history;
        let timeline = history.timeline(&files, &origins, &Ask::default()).await;
        calm(timeline.as_ref().err());
        let found = history.find(&files, &ids).await;
        calm(found.as_ref().err());
        let mut taken = |_: Entry| Ok(());
        let scanned = history.scan_order(&files, Position::default(), &mut taken);
        calm(scanned.await.as_ref().err());
        history.remove(&[name]).await.expect("it goes");
    });
}

/// An engine that panics in the background answers with an error that says so.
fn calm(error: Option<&rapport_store::Error>) {
    if let Some(error) = error {
        let told = error.to_string();
        assert!(!told.contains("panicked"), "{told}");
    }
}
