//! Opus (RFC 6716) as this program uses it: 48 kHz, mono, 10 or 20 ms, for voice, over our own thin binding to libopus.

mod config;
mod decoder;
mod encoder;
mod packet;
mod sys;

pub use config::{EncoderConfig, FrameLength, MAX_DRED_MS};
pub use decoder::Decoder;
#[cfg(test)]
pub(crate) use decoder::samples_in;
pub use encoder::Encoder;
pub(crate) use packet::{end_of_speech, fec_samples};
pub use packet::{has_fec, is_dtx};

#[cfg(test)]
mod tests;
