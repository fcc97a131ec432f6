//! What a computed trait makes of events.

/// How one value is made of many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// How many there are.
    Count,
    /// A property of all of them together; of none it is 0.
    Sum,
    /// The sum by their number; there is none of none.
    Average,
    /// The least; there is none of none.
    Min,
    /// The greatest; there is none of none.
    Max,
    /// The value that most of them have; of several the one that was there last.
    MostFrequent,
    /// The different values, newest first.
    UniqueList,
    /// How many different values there are.
    UniqueCount,
    /// The value of the first.
    First,
    /// The value of the last.
    Last,
    /// The values of so many last ones, newest first.
    LastFew(u16),
    /// When the first was.
    FirstAt,
    /// When the last was.
    LastAt,
    /// How many whole days ago the last was.
    DaysSinceLast,
}

impl Function {
    /// Every function; of those that take a number, the one that takes 2.
    pub const ALL: [Function; 14] = [
        Function::Count,
        Function::Sum,
        Function::Average,
        Function::Min,
        Function::Max,
        Function::MostFrequent,
        Function::UniqueList,
        Function::UniqueCount,
        Function::First,
        Function::Last,
        Function::LastFew(2),
        Function::FirstAt,
        Function::LastAt,
        Function::DaysSinceLast,
    ];

    /// Its words, as JSON has them.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Function::Count => "count",
            Function::Sum => "sum",
            Function::Average => "average",
            Function::Min => "min",
            Function::Max => "max",
            Function::MostFrequent => "most frequent",
            Function::UniqueList => "unique list",
            Function::UniqueCount => "unique count",
            Function::First => "first",
            Function::Last | Function::LastFew(_) => "last",
            Function::FirstAt => "time of first",
            Function::LastAt => "time of last",
            Function::DaysSinceLast => "days since last",
        }
    }

    /// What it makes, in a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Function::Count => "How many events there are.",
            Function::Sum => "A property of all of them together; of none it is 0.",
            Function::Average => "The sum by the number of values; there is none of none.",
            Function::Min => "The least value.",
            Function::Max => "The greatest value.",
            Function::MostFrequent => {
                "The value most of them have; of several the one that was there last."
            }
            Function::UniqueList => "The different values, newest first.",
            Function::UniqueCount => "How many different values there are.",
            Function::First => "The value of the first event that has one.",
            Function::Last => "The value of the last event that has one.",
            Function::LastFew(_) => "The values of so many last events, newest first.",
            Function::FirstAt => "When the first event was.",
            Function::LastAt => "When the last event was.",
            Function::DaysSinceLast => "How many whole days ago the last event was.",
        }
    }

    /// Whether it is made of a property.
    #[must_use]
    pub fn takes_path(self) -> bool {
        !matches!(
            self,
            Function::Count | Function::FirstAt | Function::LastAt | Function::DaysSinceLast
        )
    }

    /// Whether it makes a number, whatever the events say.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.adds_numbers()
            || matches!(
                self,
                Function::Count | Function::UniqueCount | Function::DaysSinceLast
            )
    }

    /// Whether it makes a value of no events.
    #[must_use]
    pub fn is_of_none(self) -> bool {
        matches!(
            self,
            Function::Count | Function::Sum | Function::UniqueCount | Function::UniqueList
        )
    }

    /// Whether it adds or compares numbers.
    pub(super) fn adds_numbers(self) -> bool {
        matches!(
            self,
            Function::Sum | Function::Average | Function::Min | Function::Max
        )
    }

    /// Whether it looks at one end of the events only: the first.
    pub(super) fn is_first(self) -> bool {
        matches!(self, Function::First | Function::FirstAt)
    }

    /// How many of the last events it looks at, where it looks at no others.
    pub(super) fn last_few(self) -> Option<u32> {
        match self {
            Function::Last | Function::LastAt | Function::DaysSinceLast => Some(1),
            Function::LastFew(number) => Some(u32::from(number)),
            _ => None,
        }
    }
}
