//! What an operator can set about the flow; each has a default that suits one small machine.

use rapport_core::time::{DAY_MS, HOUR_MS};

/// Limits and rhythms of the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Bytes of requests that may wait for the ledger before the door says 429.
    pub collect_queue_bytes: usize,
    /// Bytes of folded requests kept in memory until they are flushed to history.
    pub flush_bytes: usize,
    /// Longest time folded entries wait to be flushed, in milliseconds.
    pub flush_age_ms: i64,
    /// Longest time a batch holds the writer, in milliseconds.
    pub batch_ms: u64,
    /// The same while commands wait.
    pub batch_ms_while_commands_wait: u64,
    /// How long the ledger keeps what is folded and safe in history, in milliseconds.
    pub ledger_keep_ms: i64,
    /// The dedup window, in milliseconds.
    pub dedup_window_ms: i64,
    /// Disk the seen ids may take, in bytes; the window shrinks to fit.
    pub dedup_disk_bytes: u64,
    /// Rejected events are kept this long, in milliseconds.
    pub rejected_keep_ms: i64,
    /// Rejected events may take this much, in bytes; the oldest go first.
    pub rejected_bytes: u64,
    /// So many events that were not as planned are kept at the most; the oldest go first.
    pub violations_kept: usize,
    /// Requests that wait to be folded above which the program is not ready.
    pub lag_ready_requests: u64,
    /// Profiles and identifiers kept decoded in memory.
    pub cache_profiles: usize,
    /// Bytes they may take; the half seen longest ago goes when they take more.
    pub cache_bytes: usize,
    /// Who entered and left segments is kept this long, in milliseconds.
    pub changes_keep_ms: i64,
    /// Entries and exits kept at most, of all segments; the oldest go first.
    pub changes_max: u64,
    /// What happens is kept in memory this long when the last viewer has gone, in milliseconds.
    pub live_linger_ms: u64,
    /// Whether requests stay on the ledger unfolded: only to measure what collecting costs alone.
    pub is_paused: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            collect_queue_bytes: 64 << 20,
            flush_bytes: 24 << 20,
            flush_age_ms: 10_000,
            batch_ms: 200,
            batch_ms_while_commands_wait: 10,
            ledger_keep_ms: 24 * HOUR_MS,
            dedup_window_ms: 7 * DAY_MS,
            dedup_disk_bytes: 8 << 30,
            rejected_keep_ms: 30 * DAY_MS,
            rejected_bytes: 1 << 30,
            violations_kept: 100_000,
            lag_ready_requests: 500_000,
            cache_profiles: 75_000,
            cache_bytes: 160 << 20,
            changes_keep_ms: 90 * DAY_MS,
            changes_max: 50_000_000,
            live_linger_ms: 60_000,
            is_paused: false,
        }
    }
}
