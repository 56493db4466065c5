//! `tests/vectors/hostile/index.json`, read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, reason = "each test file uses a part")]

use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    pub now: i64,
    pub audience: String,
    pub status_token: String,
    pub vectors: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub file: String,
    pub reads: String,
    pub verdict: String,
    #[serde(default)]
    pub why: String,
}

impl Index {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(folder().join("index.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Entry {
    pub fn path(&self) -> PathBuf {
        folder().join(&self.file)
    }

    /// The file without the one line end that closes it.
    pub fn text(&self) -> String {
        let text = std::fs::read_to_string(self.path()).unwrap();
        text.strip_suffix('\n').expect("a line end").to_owned()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile")
}
