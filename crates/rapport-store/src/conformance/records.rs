//! What every state must do with records.

mod ask;
mod random;
mod write;

pub use random::compare;

use crate::Result;
use crate::records::{Cell, Changes, Form, Query, RecordWrite, column};
use crate::state::{Head, State};

/// Runs the suite on fresh states.
///
/// # Panics
/// Where the engine breaks the contract of [`Records`](crate::records::Records).
pub async fn records<S: State>(make: impl AsyncFn() -> S) {
    write::nothing_is_defined_at_first(&make().await).await;
    write::a_put_changes_what_it_names(&make().await).await;
    write::a_refused_change_takes_all_along(&make().await).await;
    write::rows_alike_are_judged_one_by_one(&make().await).await;
    write::a_column_that_is_gone_is_gone_with_its_values(&make().await).await;
    write::a_deleted_row_is_found_by_nothing(&make().await).await;
    write::many_columns_are_kept_apart(&make().await).await;
    write::rows_and_links_are_walked_in_order(&make().await).await;
    ask::a_value_is_found_exactly(&make().await).await;
    ask::tests_hold_as_they_say(&make().await).await;
    ask::rows_without_a_value_come_last(&make().await).await;
    ask::ties_go_by_the_next_column_and_then_by_id(&make().await).await;
    ask::totals_are_capped_as_asked(&make().await).await;
    ask::words_begin_in_any_case(&make().await).await;
    ask::groups_count_and_sum(&make().await).await;
    ask::links_come_in_pages(&make().await).await;
    for seed in 1..=4 {
        random::compare(&make().await, seed, 60, 12).await;
    }
}

/// The object that the suite uses.
const DEAL: u32 = 3;
/// A text column of it.
const NAME: u16 = 16;
/// A number column of it.
const AMOUNT: u16 = 17;
/// A whole-number column of it.
const DAY: u16 = 18;
/// Another text column of it, of values that are asked for by every write.
const KEY: u16 = 19;

/// No row.
const NOBODY: [u64; 0] = [];

fn define(column: u16, form: Form, unique: bool) -> RecordWrite {
    RecordWrite::Define {
        object: DEAL,
        column,
        form,
        unique,
    }
}

fn definitions() -> Vec<RecordWrite> {
    vec![
        define(NAME, Form::Text, false),
        define(AMOUNT, Form::Number, false),
        define(DAY, Form::Integer, false),
        define(KEY, Form::Text, true),
    ]
}

fn put(id: u64, cells: &[(u16, Cell)]) -> RecordWrite {
    let archived = (column::ARCHIVED, Cell::Integer(0));
    RecordWrite::Put {
        object: DEAL,
        id,
        cells: std::iter::once(archived)
            .chain(cells.iter().cloned())
            .collect(),
    }
}

fn text(text: &str) -> Cell {
    Cell::text(text)
}

/// Commits where the state is.
async fn commit(state: &impl State, records: Vec<RecordWrite>) -> Result<Head> {
    let head = state.head().await.unwrap();
    let changes = Changes {
        writes: Vec::new(),
        records,
    };
    state.commit(head.version, head.position, changes).await
}

/// The ids that a question finds, in order.
async fn ids(state: &impl State, query: Query) -> Vec<u64> {
    let answer = state.query(query).await.unwrap();
    answer.rows.iter().map(|row| row.id).collect()
}
