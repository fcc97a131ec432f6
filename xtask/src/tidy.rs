//! `cargo xtask tidy`: the house rules that a program can check, one file per kind of rule.

mod config;
mod core;
mod dependencies;
mod links;
mod marks;
mod shape;
mod tree;

use anyhow::{Result, bail};

use crate::tally::Tally;
use tree::Tree;

/// A rule's name and the sentences that say where it is broken.
struct Rule {
    name: &'static str,
    breaches: fn(&Tree) -> Vec<String>,
}

const RULES: [Rule; 14] = [
    Rule {
        name: "a Rust file starts with //! and a sentence",
        breaches: shape::opening,
    },
    Rule {
        name: "a Rust file has at most 500 lines without tests",
        breaches: shape::length,
    },
    Rule {
        name: "a function has at most 70 lines",
        breaches: shape::functions,
    },
    Rule {
        name: "a test is named by a sentence without test_",
        breaches: shape::names_of_tests,
    },
    Rule {
        name: "an allow says why",
        breaches: shape::allows,
    },
    Rule {
        name: "there is no mod.rs",
        breaches: shape::module_files,
    },
    Rule {
        name: "no file or folder has a name that says nothing",
        breaches: shape::names,
    },
    Rule {
        name: "nothing is left open or skipped",
        breaches: marks::left_open,
    },
    Rule {
        name: "no place of one machine, no address of a registry",
        breaches: marks::places,
    },
    Rule {
        name: "the core has no clock, no I/O and no unordered maps",
        breaches: core::impure,
    },
    Rule {
        name: "dependencies point one way",
        breaches: dependencies::wrong_way,
    },
    Rule {
        name: "links in documents lead somewhere",
        breaches: links::broken,
    },
    Rule {
        name: "every configuration key has its sentence",
        breaches: config::unexplained,
    },
    Rule {
        name: "no lock file names where packages came from",
        breaches: marks::lock_files,
    },
];

/// Checks every rule and is an error when one is broken.
pub(crate) fn run() -> Result<()> {
    let tally = tally()?;
    println!("{} rules kept, {} broken", tally.passed, tally.failed);
    if tally.failed > 0 {
        bail!("a house rule is broken");
    }
    Ok(())
}

/// Checks every rule, printing where it is broken; one check each.
pub(crate) fn tally() -> Result<Tally> {
    let tree = Tree::read()?;
    let mut tally = Tally::default();
    for rule in RULES {
        let breaches = (rule.breaches)(&tree);
        if breaches.is_empty() {
            tally.add(Tally::PASSED);
            continue;
        }
        tally.add(Tally::FAILED);
        println!("{}:", rule.name);
        for breach in breaches {
            println!("  {breach}");
        }
    }
    Ok(tally)
}
