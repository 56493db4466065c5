//! The console: results on standard output, talk on standard error, questions on a terminal only.
//!
//! Everything printed passes [`clean`](super::render::clean), so that no command has to remember it.

use super::exit::Exit;
use super::failure::{Failure, describe};
use super::render::{Table, Tone, clean, clean_json};
use serde::Serialize;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};

/// Where a run reads answers and prints results.
pub struct Console {
    out: BufWriter<io::Stdout>,
    captured: Option<Vec<u8>>,
    json: bool,
    out_colour: bool,
    err_colour: bool,
    out_is_terminal: bool,
    width: Option<usize>,
}

impl Console {
    /// The process's own standard streams. Colour is for terminals, unless `NO_COLOR` is set or `TERM` is
    /// `dumb`.
    pub fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let out_is_terminal = io::stdout().is_terminal();
        let width = if out_is_terminal { terminal_size::terminal_size() } else { None };
        Self {
            out: BufWriter::new(io::stdout()),
            captured: None,
            json,
            out_colour: out_is_terminal && !plain,
            err_colour: io::stderr().is_terminal() && !plain,
            out_is_terminal,
            width: width.map(|(terminal_size::Width(columns), _)| usize::from(columns)),
        }
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Runs `work` and gives what it printed, for a command that runs others.
    pub fn capture<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<u8>) {
        let outer = self.captured.replace(Vec::new());
        let result = work(self);
        let printed = std::mem::replace(&mut self.captured, outer).unwrap_or_default();
        (result, printed)
    }

    /// Whether questions can be answered: somebody sits at standard input.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// Prints lines of the result.
    pub fn say(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.say_toned(&[(Tone::Plain, text.as_ref())])
    }

    /// Prints a line of several tones; a `\n` in it begins a new line.
    pub fn say_toned(&mut self, parts: &[(Tone, &str)]) -> Result<(), Failure> {
        let mut line = String::new();
        for (tone, text) in parts {
            for (index, piece) in text.split('\n').enumerate() {
                if index > 0 {
                    line.push('\n');
                }
                tone.paint(piece, self.out_colour, &mut line);
            }
        }
        line.push('\n');
        self.write(line.as_bytes())
    }

    /// Prints a table.
    pub fn table(&mut self, table: &Table) -> Result<(), Failure> {
        for mut line in table.lines(self.width, self.out_colour) {
            line.push('\n');
            self.write(line.as_bytes())?;
        }
        Ok(())
    }

    /// Prints a result for scripts.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot print the result: {error}")))?;
        text.push('\n');
        self.write(clean_json(&text).as_bytes())
    }

    /// Prints bytes as they are: completions and manual pages, which are the program's own.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write(bytes)
    }

    /// Where to write a file's bytes as they are, piece by piece.
    pub fn stream(&mut self) -> &mut dyn Write {
        match &mut self.captured {
            Some(captured) => captured,
            None => &mut self.out,
        }
    }

    /// Hands everything printed so far to the system.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| output_failure(&error))
    }

    /// Tells what is worth knowing beside the result, on standard error.
    pub fn warn(&mut self, text: &str) -> Result<(), Failure> {
        self.flush()?;
        if self.json {
            let line = serde_json::json!({ "warning": { "message": text } }).to_string();
            let _ = writeln!(io::stderr(), "{}", clean_json(&line));
        } else {
            let (yellow, reset) = if self.err_colour { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
            let _ = writeln!(io::stderr(), "{yellow}warning{reset}: {}", clean(text));
        }
        Ok(())
    }

    /// Prints a failure, for people or for scripts.
    pub fn fail(&mut self, failure: &Failure) {
        // What was printed before belongs before it; whether that can still be written changes nothing here.
        let _ = self.out.flush();
        if failure.is_silent() {
            return;
        }
        let text = if self.json { failure.for_scripts() + "\n" } else { failure.for_people(self.err_colour) };
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Asks yes or no, no being the default. `option` is what would have answered.
    pub fn confirm(&mut self, question: &str, option: &str) -> Result<bool, Failure> {
        if !self.can_ask() {
            return Err(Failure::usage(format!("nobody is at standard input to answer \"{question}\""))
                .help(format!("give {option} to go ahead without being asked")));
        }
        self.flush()?;
        let _ = write!(io::stderr(), "{} [y/N] ", clean(question));
        let _ = io::stderr().flush();
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot read the answer: {}", describe(&error)))
        })?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for a line of text; a `\n` in the question begins a new line. Only to be called where [`Console::can_ask`].
    pub fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.flush()?;
        let lines: Vec<_> = question.split('\n').map(clean).collect();
        let _ = write!(io::stderr(), "{}", lines.join("\n"));
        let _ = io::stderr().flush();
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot read the answer: {}", describe(&error)))
        })?;
        Ok(answer)
    }

    /// Asks which of several things is meant, by its number; none where the answer is empty. `option` is what would
    /// have answered.
    pub fn choose(
        &mut self,
        question: &str,
        choices: &[String],
        option: &str,
    ) -> Result<Option<usize>, Failure> {
        if !self.can_ask() {
            return Err(Failure::usage(format!("nobody is at standard input to answer \"{question}\""))
                .help(format!("give {option} to answer it beforehand")));
        }
        let mut text = format!("{}\n", clean(question));
        for (number, choice) in (1..).zip(choices) {
            text.push_str(&format!("  {number}  {}\n", clean(choice)));
        }
        text.push_str(&format!("Which one? [1-{}, nothing to stop] ", choices.len()));
        let answer = self.ask(&text)?;
        let chosen = answer.trim();
        if chosen.is_empty() {
            return Ok(None);
        }
        match chosen.parse::<usize>() {
            Ok(number) if (1..=choices.len()).contains(&number) => Ok(Some(number - 1)),
            _ => Err(Failure::usage(format!("\"{chosen}\" is none of the numbers"))),
        }
    }

    /// A progress bar on standard error, or nothing where nobody watches.
    pub fn progress(&mut self) -> Result<Progress, Failure> {
        self.flush()?;
        Ok(Progress::new(!self.json && self.out_is_terminal && io::stderr().is_terminal()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(captured) = &mut self.captured {
            captured.extend_from_slice(bytes);
            return Ok(());
        }
        self.out.write_all(bytes).map_err(|error| output_failure(&error))
    }
}

/// A reader that went away ends the run quietly; anything else is told.
fn output_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new(Exit::BrokenPipe, String::new());
    }
    Failure::new(Exit::Failed, format!("cannot write to standard output: {}", describe(error)))
}

/// A progress bar that appears once the work has taken a second.
pub struct Progress {
    bar: Option<indicatif::ProgressBar>,
    begun: std::time::Instant,
}

impl Progress {
    fn new(watched: bool) -> Self {
        let bar = watched.then(|| {
            let bar = indicatif::ProgressBar::hidden();
            if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, begun: std::time::Instant::now() }
    }

    /// Says how far the work is.
    pub fn show(&self, stage: &'static str, done: u64, total: u64) {
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.begun.elapsed().as_secs() >= 1 {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr_with_hz(10));
        }
        bar.set_message(stage);
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
