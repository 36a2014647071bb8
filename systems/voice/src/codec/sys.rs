//! The calls into libopus, each behind a type that makes it safe. Nothing else in this crate's codec is `unsafe`.
//!
//! What every proof below rests on, from `opus.h` and libopus 1.6.1:
//!
//! * a state made by `opus_*_create` or `opus_*_alloc` is heap memory that is ours alone until the matching destroy, and holds no
//!   pointer to anything of a thread; so its owner may send it to another thread, and `&mut` keeps calls from overlapping;
//! * libopus reads at most `len` bytes of a packet and writes at most `frame_size` samples a channel, and says so by an error where
//!   that is not enough; a packet's content, padding and extensions included, is checked by it;
//! * mono: one sample is one `f32`.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

use opusic_sys as ffi;

use crate::{SAMPLE_RATE, VoiceError};

const RATE: i32 = SAMPLE_RATE as i32;
const MONO: c_int = 1;

/// A number to set on an encoder: each of these requests takes one `opus_int32` (`opus_defines.h`).
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(super) enum EncoderSetting {
    /// Bits per second.
    Bitrate = ffi::OPUS_SET_BITRATE_REQUEST,
    /// 0 for packets of one size, 1 for packets as large as their content needs.
    Vbr = ffi::OPUS_SET_VBR_REQUEST,
    /// 1 to keep sizes near the mean.
    VbrConstraint = ffi::OPUS_SET_VBR_CONSTRAINT_REQUEST,
    /// 0 to 10.
    Complexity = ffi::OPUS_SET_COMPLEXITY_REQUEST,
    /// `OPUS_SIGNAL_VOICE` and its like.
    Signal = ffi::OPUS_SET_SIGNAL_REQUEST,
    /// 0 or 1.
    InbandFec = ffi::OPUS_SET_INBAND_FEC_REQUEST,
    /// Per cent.
    PacketLoss = ffi::OPUS_SET_PACKET_LOSS_PERC_REQUEST,
    /// 0 or 1.
    Dtx = ffi::OPUS_SET_DTX_REQUEST,
    /// In steps of 10 ms, 0 to 104.
    DredDuration = ffi::OPUS_SET_DRED_DURATION_REQUEST,
}

/// An Opus encoder of 48 kHz mono.
pub(super) struct RawEncoder(NonNull<ffi::OpusEncoder>);

// SAFETY: see the module's first point. All methods take `&mut self`, and the type is not `Sync`.
unsafe impl Send for RawEncoder {}

impl RawEncoder {
    /// An encoder for speech.
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut error = 0;
        // SAFETY: no pointer goes in but one to a local `c_int`, which lives through the call.
        let state = unsafe { ffi::opus_encoder_create(RATE, MONO, ffi::OPUS_APPLICATION_VOIP, &raw mut error) };
        check("opus_encoder_create", error)?;
        NonNull::new(state).map(Self).ok_or(no_memory("opus_encoder_create"))
    }

    pub(super) fn set(&mut self, setting: EncoderSetting, value: i32) -> Result<(), VoiceError> {
        // SAFETY: the state is alive and ours; every request in `EncoderSetting` reads exactly one 32-bit integer, and one is passed.
        let code = unsafe { ffi::opus_encoder_ctl(self.0.as_ptr(), setting as c_int, value) };
        check("opus_encoder_ctl", code).map(drop)
    }

    /// Samples by which decoded sound lags.
    pub(super) fn lookahead(&mut self) -> Result<i32, VoiceError> {
        let mut value: i32 = 0;
        // SAFETY: the state is alive and ours; this request writes one 32-bit integer, and gets a pointer to a local one.
        let code = unsafe {
            ffi::opus_encoder_ctl(
                self.0.as_ptr(),
                ffi::OPUS_GET_LOOKAHEAD_REQUEST,
                std::ptr::from_mut(&mut value),
            )
        };
        check("opus_encoder_ctl", code)?;
        Ok(value)
    }

    /// Whether the frame encoded last was one of silence that need not be sent.
    pub(super) fn in_dtx(&mut self) -> Result<bool, VoiceError> {
        let mut value: i32 = 0;
        // SAFETY: as in `lookahead`.
        let code = unsafe {
            ffi::opus_encoder_ctl(
                self.0.as_ptr(),
                ffi::OPUS_GET_IN_DTX_REQUEST,
                std::ptr::from_mut(&mut value),
            )
        };
        check("opus_encoder_ctl", code)?;
        Ok(value != 0)
    }

    /// Encodes `pcm` as one frame into the front of `out`; says how many bytes it took.
    pub(super) fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, VoiceError> {
        // SAFETY: the state is alive and ours; `pcm` holds as many samples as is said and `out` has as many bytes as is said.
        let code = unsafe {
            ffi::opus_encode_float(
                self.0.as_ptr(),
                pcm.as_ptr(),
                length(pcm.len()),
                out.as_mut_ptr(),
                length(out.len()),
            )
        };
        check("opus_encode_float", code)
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: made by `opus_encoder_create`, and nothing uses it after this.
        unsafe { ffi::opus_encoder_destroy(self.0.as_ptr()) };
    }
}

/// An Opus decoder to 48 kHz mono.
pub(super) struct RawDecoder(NonNull<ffi::OpusDecoder>);

// SAFETY: see the module's first point. All methods take `&mut self`, and the type is not `Sync`.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut error = 0;
        // SAFETY: no pointer goes in but one to a local `c_int`, which lives through the call.
        let state = unsafe { ffi::opus_decoder_create(RATE, MONO, &raw mut error) };
        check("opus_decoder_create", error)?;
        NonNull::new(state).map(Self).ok_or(no_memory("opus_decoder_create"))
    }

    /// 0 to 10.
    pub(super) fn reset(&mut self) -> Result<(), VoiceError> {
        // SAFETY: the state is alive and ours; this request reads no argument.
        let code = unsafe { ffi::opus_decoder_ctl(self.0.as_ptr(), ffi::OPUS_RESET_STATE) };
        check("opus_decoder_ctl", code).map(drop)
    }

    pub(super) fn set_complexity(&mut self, value: i32) -> Result<(), VoiceError> {
        // SAFETY: the state is alive and ours; this request reads one 32-bit integer, and one is passed.
        let code = unsafe { ffi::opus_decoder_ctl(self.0.as_ptr(), ffi::OPUS_SET_COMPLEXITY_REQUEST, value) };
        check("opus_decoder_ctl", code).map(drop)
    }

    /// Decodes `packet`, or the copy of the frame before it if `fec`.
    pub(super) fn decode(&mut self, packet: &[u8], out: &mut [f32], fec: bool) -> Result<usize, VoiceError> {
        // SAFETY: the state is alive and ours; `packet` has as many bytes as is said and `out` as many samples of room.
        let code = unsafe {
            ffi::opus_decode_float(
                self.0.as_ptr(),
                packet.as_ptr(),
                length(packet.len()),
                out.as_mut_ptr(),
                length(out.len()),
                c_int::from(fec),
            )
        };
        check("opus_decode_float", code)
    }

    /// Goes on without a packet.
    pub(super) fn conceal(&mut self, out: &mut [f32]) -> Result<usize, VoiceError> {
        // SAFETY: the state is alive and ours; no packet is what a null pointer of length 0 means; `out` has the room that is said.
        let code = unsafe {
            ffi::opus_decode_float(
                self.0.as_ptr(),
                std::ptr::null(),
                0,
                out.as_mut_ptr(),
                length(out.len()),
                0,
            )
        };
        check("opus_decode_float", code)
    }

    /// Decodes from what `dred` describes, beginning `before` samples before the packet that it stood in.
    pub(super) fn decode_dred(&mut self, dred: &RawDred, before: i32, out: &mut [f32]) -> Result<usize, VoiceError> {
        if dred.reach <= 0 {
            return Err(VoiceError::PacketInvalid("no deep redundancy"));
        }
        // SAFETY: both states are alive and ours, the second only read; `reach` says that `opus_dred_parse` filled it in whole; the
        // features it picks by `before` are checked against how many there are (`opus_decode_native`); `out` has the room that is said.
        let code = unsafe {
            ffi::opus_decoder_dred_decode_float(
                self.0.as_ptr(),
                dred.state.as_ptr(),
                before,
                out.as_mut_ptr(),
                length(out.len()),
            )
        };
        check("opus_decoder_dred_decode_float", code)
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: made by `opus_decoder_create`, and nothing uses it after this.
        unsafe { ffi::opus_decoder_destroy(self.0.as_ptr()) };
    }
}

/// The deep redundancy of one packet, and what reads it.
pub(super) struct RawDred {
    reader: NonNull<ffi::OpusDREDDecoder>,
    state: NonNull<ffi::OpusDRED>,
    /// How many samples before its packet the description in `state` begins; 0 while there is none.
    reach: i32,
}

// SAFETY: see the module's first point. What changes a state takes `&mut self`, and the type is not `Sync`.
unsafe impl Send for RawDred {}

impl RawDred {
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut error = 0;
        // SAFETY: no pointer goes in but one to a local `c_int`, which lives through the call.
        let reader = unsafe { ffi::opus_dred_decoder_create(&raw mut error) };
        check("opus_dred_decoder_create", error)?;
        let reader = NonNull::new(reader).ok_or(no_memory("opus_dred_decoder_create"))?;
        // SAFETY: as above.
        let state = unsafe { ffi::opus_dred_alloc(&raw mut error) };
        let Some(state) = NonNull::new(state) else {
            // SAFETY: made above, and nothing uses it after this.
            unsafe { ffi::opus_dred_decoder_destroy(reader.as_ptr()) };
            return Err(no_memory("opus_dred_alloc"));
        };
        Ok(Self {
            reader,
            state,
            reach: 0,
        })
    }

    /// Reads what `packet` says about the `most` samples before it. Returns how far back that begins, 0 for nothing.
    pub(super) fn parse(&mut self, packet: &[u8], most: i32) -> Result<usize, VoiceError> {
        self.reach = 0;
        let mut end = 0;
        // SAFETY: both states are alive and ours; `packet` has as many bytes as is said; `end` is a local that lives through the call. The
        // memory of `opus_dred_alloc` is not initialised, and this is what initialises the part that is read later.
        let code = unsafe {
            ffi::opus_dred_parse(
                self.reader.as_ptr(),
                self.state.as_ptr(),
                packet.as_ptr(),
                length(packet.len()),
                most,
                RATE,
                &raw mut end,
                0,
            )
        };
        let reach = check("opus_dred_parse", code)?;
        self.reach = length(reach);
        Ok(reach)
    }
}

impl Drop for RawDred {
    fn drop(&mut self) {
        // SAFETY: made by `opus_dred_alloc` and `opus_dred_decoder_create`, and nothing uses them after this.
        unsafe {
            ffi::opus_dred_free(self.state.as_ptr());
            ffi::opus_dred_decoder_destroy(self.reader.as_ptr());
        }
    }
}

/// Samples in `packet` by its header; `packet` may be anything.
pub(super) fn samples_in(packet: &[u8]) -> Result<usize, VoiceError> {
    // SAFETY: `packet` has as many bytes as is said; no more than the first two are read, and the second only if there is one.
    let code = unsafe { ffi::opus_packet_get_nb_samples(packet.as_ptr(), length(packet.len()), RATE) };
    check("opus_packet_get_nb_samples", code)
}

/// Makes the packet in the front of `room`, `len` bytes, as long as `room` by padding (RFC 6716 §3.2.5).
pub(super) fn pad(room: &mut [u8], len: usize) -> Result<(), VoiceError> {
    if len > room.len() {
        return Err(VoiceError::PacketTooLong { len });
    }
    // SAFETY: `room` has as many bytes as the packet shall have, of which the first `len` are the packet.
    let code = unsafe { ffi::opus_packet_pad(room.as_mut_ptr(), length(len), length(room.len())) };
    check("opus_packet_pad", code).map(drop)
}

/// A length as libopus counts. Nothing here is ever longer than a few thousand.
fn length(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

fn no_memory(function: &'static str) -> VoiceError {
    VoiceError::Codec {
        function,
        reason: words(ffi::OPUS_ALLOC_FAIL),
    }
}

/// What libopus returned, as a count or an error.
fn check(function: &'static str, code: c_int) -> Result<usize, VoiceError> {
    usize::try_from(code).map_err(|_| match code {
        ffi::OPUS_INVALID_PACKET => VoiceError::PacketInvalid(words(code)),
        _ => VoiceError::Codec {
            function,
            reason: words(code),
        },
    })
}

fn words(code: c_int) -> &'static str {
    // SAFETY: `opus_strerror` gives, for any number, a string that ends with a zero and lives as long as the program.
    let words = unsafe { CStr::from_ptr(ffi::opus_strerror(code)) };
    words.to_str().unwrap_or("unknown error")
}
