//! The functions a formula may call.

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// `if(condition, then, otherwise)`: a condition that is missing counts as not met.
    If,
    /// `is_known(x)`: whether there is a value.
    IsKnown,
    /// `default(x, y, …)`: the first that there is.
    Default,
    /// `concat(a, b, …)`: texts one after another; what is missing is left out.
    Concat,
    /// `lower(text)`
    Lower,
    /// `upper(text)`
    Upper,
    /// `trim(text)`: without white space around it.
    Trim,
    /// `length(text)`: its characters.
    Length,
    /// `contains(text, part)`
    Contains,
    /// `starts_with(text, part)`
    StartsWith,
    /// `text(x)`: as the API spells it.
    Text,
    /// `number(text)`: missing where it is none.
    Number,
    /// `abs(x)`
    Abs,
    /// `round(x)` or `round(x, digits)`, halves away from zero.
    Round,
    /// `floor(x)`
    Floor,
    /// `ceil(x)`
    Ceil,
    /// `least(a, b, …)`: of those there are.
    Least,
    /// `greatest(a, b, …)`: of those there are.
    Greatest,
    /// `date("2026-11-22")`, or the day of an instant in UTC.
    Date,
    /// `year(day)`
    Year,
    /// `month(day)`
    Month,
    /// `day(day)`
    Day,
    /// `days_between(from, to)`: whole days, negative where `to` is the earlier.
    DaysBetween,
    /// `hours_between(from, to)`: with a fraction.
    HoursBetween,
    /// `add_days(day, count)`
    AddDays,
    /// `add_months(day, count)`: the last day of the month where it has not so many.
    AddMonths,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 26] = [
        Function::If,
        Function::IsKnown,
        Function::Default,
        Function::Concat,
        Function::Lower,
        Function::Upper,
        Function::Trim,
        Function::Length,
        Function::Contains,
        Function::StartsWith,
        Function::Text,
        Function::Number,
        Function::Abs,
        Function::Round,
        Function::Floor,
        Function::Ceil,
        Function::Least,
        Function::Greatest,
        Function::Date,
        Function::Year,
        Function::Month,
        Function::Day,
        Function::DaysBetween,
        Function::HoursBetween,
        Function::AddDays,
        Function::AddMonths,
    ];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Function::If => "if",
            Function::IsKnown => "is_known",
            Function::Default => "default",
            Function::Concat => "concat",
            Function::Lower => "lower",
            Function::Upper => "upper",
            Function::Trim => "trim",
            Function::Length => "length",
            Function::Contains => "contains",
            Function::StartsWith => "starts_with",
            Function::Text => "text",
            Function::Number => "number",
            Function::Abs => "abs",
            Function::Round => "round",
            Function::Floor => "floor",
            Function::Ceil => "ceil",
            Function::Least => "least",
            Function::Greatest => "greatest",
            Function::Date => "date",
            Function::Year => "year",
            Function::Month => "month",
            Function::Day => "day",
            Function::DaysBetween => "days_between",
            Function::HoursBetween => "hours_between",
            Function::AddDays => "add_days",
            Function::AddMonths => "add_months",
        }
    }

    /// The function of a name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Function> {
        let known = |function: &Function| function.word().eq_ignore_ascii_case(name);
        Function::ALL.into_iter().find(known)
    }

    /// How many parts it takes, at least and at most.
    #[must_use]
    pub fn arity(self) -> (usize, usize) {
        const MANY: usize = 50;
        match self {
            Function::If => (3, 3),
            Function::Default | Function::Concat | Function::Least | Function::Greatest => {
                (1, MANY)
            }
            Function::Round => (1, 2),
            Function::Contains
            | Function::StartsWith
            | Function::DaysBetween
            | Function::HoursBetween
            | Function::AddDays
            | Function::AddMonths => (2, 2),
            _ => (1, 1),
        }
    }
}
