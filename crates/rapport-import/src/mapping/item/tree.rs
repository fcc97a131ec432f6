//! A JSON object in the making, whose dotted names nest.

use rapport_core::event::dialect::object::Builder;
use std::collections::BTreeMap;

/// Members in the order they came.
#[derive(Debug, Default)]
pub(super) struct Tree {
    members: Vec<(String, Node)>,
    places: BTreeMap<String, usize>,
}

#[derive(Debug)]
enum Node {
    Value(String),
    Inside(Tree),
}

impl Tree {
    /// Puts a value, which is JSON; of two at one place the later one stays.
    pub(super) fn put(&mut self, name: &str, json: String) {
        // A name that has an empty part is no path: it stays as it is written.
        let is_path = !name.split('.').any(str::is_empty);
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) if is_path => (first, Some(rest)),
            _ => (name, None),
        };
        let place = self.places.get(first).copied().unwrap_or_else(|| {
            let node = Node::Inside(Tree::default());
            self.members.push((first.to_owned(), node));
            self.places.insert(first.to_owned(), self.members.len() - 1);
            self.members.len() - 1
        });
        let (_, node) = &mut self.members[place];
        match (rest, node) {
            (None, node) => *node = Node::Value(json),
            (Some(rest), Node::Inside(tree)) => tree.put(rest, json),
            (Some(rest), node) => {
                let mut tree = Tree::default();
                tree.put(rest, json);
                *node = Node::Inside(tree);
            }
        }
    }

    /// Whether it has no members.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Everything in it, which leaves it empty.
    pub(super) fn take(&mut self) -> Tree {
        std::mem::take(self)
    }

    /// The object as JSON.
    pub(super) fn print(&self) -> String {
        let mut object = Builder::new();
        for (name, node) in &self.members {
            match node {
                Node::Value(json) => object.put(name, json),
                Node::Inside(tree) => object.put(name, &tree.print()),
            }
        }
        object.finish().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_nest_and_the_later_value_stays() {
        let mut tree = Tree::default();
        for (name, json) in [
            ("a", "1"),
            ("shop.city", "\"Lund\""),
            ("shop.zip.code", "2"),
            ("a.b", "3"),
            ("shop.city", "4"),
            ("v1.", "5"),
        ] {
            tree.put(name, json.to_owned());
        }
        assert_eq!(
            tree.print(),
            r#"{"a":{"b":3},"shop":{"city":4,"zip":{"code":2}},"v1.":5}"#
        );
    }
}
