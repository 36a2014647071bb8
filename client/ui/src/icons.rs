//! The icon font: Lucide, as code points of the subset in `assets/icons`.

/// `activity`.
pub(crate) const ACTIVITY: char = '\u{e038}';
/// `arrow-down`.
pub(crate) const ARROW_DOWN: char = '\u{e042}';
/// `arrow-left`.
pub(crate) const ARROW_LEFT: char = '\u{e048}';
/// `arrow-up`.
pub(crate) const ARROW_UP: char = '\u{e04a}';
/// `audio-lines`.
pub(crate) const AUDIO_LINES: char = '\u{e55a}';
/// `ban`.
pub(crate) const BAN: char = '\u{e051}';
/// `check`.
pub(crate) const CHECK: char = '\u{e06c}';
/// `check-check`.
pub(crate) const CHECK_CHECK: char = '\u{e38e}';
/// `chevron-down`.
pub(crate) const CHEVRON_DOWN: char = '\u{e06d}';
/// `chevron-right`.
pub(crate) const CHEVRON_RIGHT: char = '\u{e06f}';
/// `circle-alert`.
pub(crate) const CIRCLE_ALERT: char = '\u{e077}';
/// `circle-check`.
pub(crate) const CIRCLE_CHECK: char = '\u{e226}';
/// `clipboard-check`.
pub(crate) const CLIPBOARD_CHECK: char = '\u{e219}';
/// `clock`.
pub(crate) const CLOCK: char = '\u{e087}';
/// `copy`.
pub(crate) const COPY: char = '\u{e09e}';
/// `ear`.
pub(crate) const EAR: char = '\u{e382}';
/// `ellipsis`.
pub(crate) const ELLIPSIS: char = '\u{e0b6}';
/// `eye`.
pub(crate) const EYE: char = '\u{e0ba}';
/// `eye-off`.
pub(crate) const EYE_OFF: char = '\u{e0bb}';
/// `fingerprint`.
pub(crate) const FINGERPRINT: char = '\u{e2cb}';
/// `folder-open`.
pub(crate) const FOLDER_OPEN: char = '\u{e247}';
/// `hard-drive`.
pub(crate) const HARD_DRIVE: char = '\u{e0ed}';
/// `headphone-off`.
pub(crate) const HEADPHONE_OFF: char = '\u{e629}';
/// `headphones`.
pub(crate) const HEADPHONES: char = '\u{e0f1}';
/// `hourglass`.
pub(crate) const HOURGLASS: char = '\u{e296}';
/// `info`.
pub(crate) const INFO: char = '\u{e0f9}';
/// `keyboard`.
pub(crate) const KEYBOARD: char = '\u{e284}';
/// `lock`.
pub(crate) const LOCK: char = '\u{e10b}';
/// `message-circle`.
pub(crate) const MESSAGE_CIRCLE: char = '\u{e116}';
/// `mic`.
pub(crate) const MIC: char = '\u{e118}';
/// `mic-off`.
pub(crate) const MIC_OFF: char = '\u{e119}';
/// `orbit`.
pub(crate) const ORBIT: char = '\u{e3e7}';
/// `pencil`.
pub(crate) const PENCIL: char = '\u{e1f9}';
/// `phone`.
pub(crate) const PHONE: char = '\u{e133}';
/// `phone-call`.
pub(crate) const PHONE_CALL: char = '\u{e134}';
/// `phone-incoming`.
pub(crate) const PHONE_INCOMING: char = '\u{e136}';
/// `phone-missed`.
pub(crate) const PHONE_MISSED: char = '\u{e137}';
/// `phone-off`.
pub(crate) const PHONE_OFF: char = '\u{e138}';
/// `phone-outgoing`.
pub(crate) const PHONE_OUTGOING: char = '\u{e139}';
/// `play`.
pub(crate) const PLAY: char = '\u{e13c}';
/// `plus`.
pub(crate) const PLUS: char = '\u{e13d}';
/// `refresh-cw`.
pub(crate) const REFRESH_CW: char = '\u{e145}';
/// `reply`.
pub(crate) const REPLY: char = '\u{e22a}';
/// `rotate-ccw`.
pub(crate) const ROTATE_CCW: char = '\u{e148}';
/// `search`.
pub(crate) const SEARCH: char = '\u{e151}';
/// `send-horizontal`.
pub(crate) const SEND_HORIZONTAL: char = '\u{e4f2}';
/// `settings`.
pub(crate) const SETTINGS: char = '\u{e154}';
/// `shield`.
pub(crate) const SHIELD: char = '\u{e158}';
/// `shield-alert`.
pub(crate) const SHIELD_ALERT: char = '\u{e1fe}';
/// `shield-check`.
pub(crate) const SHIELD_CHECK: char = '\u{e1ff}';
/// `smile`.
pub(crate) const SMILE: char = '\u{e164}';
/// `smile-plus`.
pub(crate) const SMILE_PLUS: char = '\u{e301}';
/// `sparkles`.
pub(crate) const SPARKLES: char = '\u{e412}';
/// `square`.
pub(crate) const SQUARE: char = '\u{e167}';
/// `trash-2`.
pub(crate) const TRASH_2: char = '\u{e18e}';
/// `triangle-alert`.
pub(crate) const TRIANGLE_ALERT: char = '\u{e193}';
/// `user-pen`.
pub(crate) const USER_PEN: char = '\u{e5fc}';
/// `user-plus`.
pub(crate) const USER_PLUS: char = '\u{e1a2}';
/// `user-x`.
pub(crate) const USER_X: char = '\u{e1a3}';
/// `users`.
pub(crate) const USERS: char = '\u{e1a4}';
/// `volume-1`.
pub(crate) const VOLUME_1: char = '\u{e1aa}';
/// `volume-2`.
pub(crate) const VOLUME_2: char = '\u{e1ab}';
/// `volume-x`.
pub(crate) const VOLUME_X: char = '\u{e1ac}';
/// `wifi-off`.
pub(crate) const WIFI_OFF: char = '\u{e1af}';
/// `x`.
pub(crate) const X: char = '\u{e1b2}';

/// All of them, for the test that the font has them.
#[cfg(test)]
pub(crate) const ALL: &[char] = &[
    ACTIVITY,
    ARROW_DOWN,
    ARROW_LEFT,
    ARROW_UP,
    AUDIO_LINES,
    BAN,
    CHECK,
    CHECK_CHECK,
    CHEVRON_DOWN,
    CHEVRON_RIGHT,
    CIRCLE_ALERT,
    CIRCLE_CHECK,
    CLIPBOARD_CHECK,
    CLOCK,
    COPY,
    EAR,
    ELLIPSIS,
    EYE,
    EYE_OFF,
    FINGERPRINT,
    FOLDER_OPEN,
    HARD_DRIVE,
    HEADPHONE_OFF,
    HEADPHONES,
    HOURGLASS,
    INFO,
    KEYBOARD,
    LOCK,
    MESSAGE_CIRCLE,
    MIC,
    MIC_OFF,
    ORBIT,
    PENCIL,
    PHONE,
    PHONE_CALL,
    PHONE_INCOMING,
    PHONE_MISSED,
    PHONE_OFF,
    PHONE_OUTGOING,
    PLAY,
    PLUS,
    REFRESH_CW,
    REPLY,
    ROTATE_CCW,
    SEARCH,
    SEND_HORIZONTAL,
    SETTINGS,
    SHIELD,
    SHIELD_ALERT,
    SHIELD_CHECK,
    SMILE,
    SMILE_PLUS,
    SPARKLES,
    SQUARE,
    TRASH_2,
    TRIANGLE_ALERT,
    USER_PEN,
    USER_PLUS,
    USER_X,
    USERS,
    VOLUME_1,
    VOLUME_2,
    VOLUME_X,
    WIFI_OFF,
    X,
];
