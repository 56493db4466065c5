//! Calls each engine in turn, round by round, so that all of them meet the same noise, and keeps each one's best.

use crate::workload::Workload;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Engine {
    name: String,
    program: PathBuf,
    filled: PathBuf,
}

/// Prints CPU time of the first engine in milliseconds and every other one's ratio to it, a row for each workload; then
/// what the filled databases take on the disk.
pub fn compare(folder: &Path, engines: &[&str]) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    let scale = setting("FINVAULT_BENCH_SCALE").unwrap_or(0.2);
    let rounds = setting("FINVAULT_BENCH_ROUNDS").map_or(3, |rounds| rounds.max(1.0) as u32);
    let only = std::env::var("FINVAULT_BENCH_ONLY").ok();
    let engines: Vec<Engine> = engines.iter().map(|text| Engine::new(text, folder)).collect();
    for engine in &engines {
        println!("{}: {}", engine.name, engine.call(&["version"]));
        engine.call(&["fill", &engine.filled.display().to_string(), &scale.to_string()]);
    }
    print!("{:<38} {:>10}", "CPU time over the first", "ms");
    engines.iter().skip(1).for_each(|engine| print!(" {:>18}", engine.name));
    println!(" {:>7}", "target");
    for (number, workload) in Workload::ALL.into_iter().enumerate() {
        if only.as_ref().is_none_or(|only| workload.name(scale).contains(only)) {
            row(&engines, number, workload, scale, rounds);
        }
    }
    let bytes = |engine: &Engine| std::fs::metadata(&engine.filled).map_or(0, |data| data.len()) as f64;
    print!("{:<38} {:>10.0}", "the filled file, MiB", bytes(&engines[0]) / 1_048_576.0);
    engines.iter().skip(1).for_each(|engine| print!(" {:>18.3}", bytes(engine) / bytes(&engines[0])));
    println!();
}

fn row(engines: &[Engine], number: usize, workload: Workload, scale: f64, rounds: u32) {
    let mut best = vec![f64::MAX; engines.len()];
    for _ in 0..rounds {
        for (engine, best) in engines.iter().zip(&mut best) {
            let file =
                if workload.reads() { engine.filled.clone() } else { engine.filled.with_extension("fresh") };
            let words = ["run", &number.to_string(), &file.display().to_string(), &scale.to_string()];
            *best = best.min(engine.call(&words).parse::<f64>().unwrap() / 1e6);
        }
    }
    print!("{:<38} {:>10.2}", workload.name(scale), best[0]);
    best.iter().skip(1).for_each(|time| print!(" {:>18.2}", time / best[0]));
    println!(" {:>7.2}", workload.target());
}

impl Engine {
    fn new(text: &str, folder: &Path) -> Self {
        let (name, program) = text.split_once('=').expect("ENGINE=PROGRAM");
        Self {
            name: name.to_owned(),
            program: PathBuf::from(program),
            filled: folder.join(format!("{name}.filled")),
        }
    }

    fn call(&self, words: &[&str]) -> String {
        let output = Command::new(&self.program).args(words).output().unwrap();
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
