//! Reports as plain data: what the rows say, shaped for reading, with no rendering and no database.

mod register;

pub use register::{Register, RegisterRow, register};
