//! A fingerprint as a QR code in the terminal, to compare it by camera with what the owner's screen shows.

use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Prints a text as a QR code (ISO/IEC 18004), dark on light whatever the terminal's colours are.
pub(super) fn print(text: &str, console: &mut Console) -> Result<(), Failure> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
        .map_err(|error| Failure::new(Exit::Failed, format!("no QR code can be made: {error}")))?;
    // A terminal draws characters lighter than its background: what is light in the code is drawn.
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    console.say("")?;
    drawn.lines().try_for_each(|line| console.say(line))?;
    console.say(format!("This code says:  {text}"))
}
