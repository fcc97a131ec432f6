//! Where things are: the repository, the build directory, the cache of installed packages.

use std::path::{Path, PathBuf};

/// The repository's root, two levels above this file.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the repository")
        .to_path_buf()
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target` in the repository.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// Where Python and Node packages of the tests are installed; kept between runs, beside the build.
pub(crate) fn packages() -> PathBuf {
    target().join("packages")
}

/// The folder of the suites that run other people's SDKs.
pub(crate) fn sdk() -> PathBuf {
    root().join("tests/sdk")
}
