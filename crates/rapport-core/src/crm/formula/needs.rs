//! What a formula takes its values from: what a change of which makes it be calculated again.

use super::tree::{Expression, Node};
use std::collections::{BTreeMap, BTreeSet};

/// What a formula takes its values from, by the names it is written with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Properties of the record.
    pub own: BTreeSet<Box<str>>,
    /// Properties of associated records, by their type. Of a type that is only counted there are
    /// none.
    pub related: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

/// What a tree takes its values from.
pub(super) fn of(tree: &Expression) -> Needs {
    let mut needs = Needs::default();
    add(tree, &mut needs);
    needs
}

fn add(tree: &Expression, needs: &mut Needs) {
    match &tree.node {
        Node::Number(_) | Node::Text(_) | Node::Bool(_) => {}
        Node::Property(name) => {
            needs.own.insert(name.to_ascii_lowercase().into());
        }
        Node::Negative(of) | Node::Not(of) => add(of, needs),
        Node::Binary(_, left, right) => {
            add(left, needs);
            add(right, needs);
        }
        Node::Call(_, arguments) => arguments.iter().for_each(|of| add(of, needs)),
        Node::Rollup(rollup) => {
            let object = rollup.object.to_ascii_lowercase().into();
            let related = needs.related.entry(object).or_default();
            related.extend(
                rollup
                    .property
                    .iter()
                    .map(|name| name.to_ascii_lowercase().into()),
            );
            if let Some(condition) = &rollup.condition {
                related.extend(of(condition).own);
            }
        }
    }
}
