//! The words of statements, made readable.

/// A text for reading: runs of space and control characters become one space. Nothing else is changed.
pub(super) fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether nothing is to be changed, as far as that is quick to see: one space at a time between plain characters.
fn is_clean(text: &str) -> bool {
    let mut after_space = true;
    for byte in text.bytes() {
        let is_space = byte == b' ';
        if !(is_space || byte.is_ascii_graphic()) || (is_space && after_space) {
            return false;
        }
        after_space = is_space;
    }
    !after_space
}
