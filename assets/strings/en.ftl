# Every string a person reads in the window, in English. A translation is this file in another language.
# Words say what happened and what can be done; they never blame, and they never name a code.

## Common

accept = Accept
decline = Decline
cancel = Cancel
clear = Clear
close = Close
copy = Copy
save = Save
stop = Stop
quit = Quit
back = Back
dismiss = Dismiss
hide = Hide
reveal = Show
mute = Mute
unmute = Unmute
deafen = Deafen
undeafen = Undeafen
with-key = { $words } ({ $keys })
verified = verified
unverified = not verified
verified-tip = You have compared safety numbers: this is who it says.
unverified-tip = Encrypted end to end, with whoever holds the key in the link you were given. Trust it as far as you trust the way that link came to you.
open-folder = Open
open-log-folder = Open log folder
back-to-profiles = Back to profiles
name-none = nameless
name-too-long = Too long for a name: there is room for 64 Latin letters, 32 Greek or Cyrillic ones, or 21 Chinese or Japanese ones.

## Times

ago-now = now
ago-minutes = { $count } m
ago-hours = { $count } h
day-today = Today
day-yesterday = Yesterday
day-date = { $weekday }, { $day } { $month } { $year }
day-monday = Monday
day-tuesday = Tuesday
day-wednesday = Wednesday
day-thursday = Thursday
day-friday = Friday
day-saturday = Saturday
day-sunday = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

## Before home

starting = Finding your profiles…
profiles-title = Who is it?
profiles-lead = Each profile has its own key, contacts and history.
profiles-new = New profile
profiles-in-use = Open in another window
profiles-last = last used { $when }
profiles-folder = Kept in { $folder }
firststart-title = Welcome to Orrery
firststart-lead = No account, no phone number. Your key is made here and never leaves this computer.
firststart-name = Your name
firststart-passphrase = Passphrase
firststart-again = Passphrase again
firststart-differs = These two are not the same.
firststart-server = Server that holds sealed mail while you are away
firststart-server-hint = Server address
firststart-stored = Key, contacts and history are stored encrypted in { $folder }
firststart-lost = Nobody can reset your passphrase. Without it, what is stored is lost.
firststart-create = Create profile
firststart-needs-name = A name is missing: what your contacts will see.
firststart-needs-passphrase = A passphrase is missing.
firststart-needs-longer = The passphrase needs at least { $count } characters.
firststart-needs-stronger = The passphrase is too easy to guess. Add another word or two.
firststart-needs-again = Write the passphrase a second time.
firststart-needs-server = A server address is missing. It looks like “wss://chat.example.org”; “ws://” works only for a server on this computer.
strength-empty = At least { $count } characters. Four unrelated words are strong.
strength-short = Too short: at least { $count } characters
strength-0 = Far too easy to guess
strength-1 = Too easy to guess: add another word or two
strength-2 = Good enough
strength-3 = Strong
strength-4 = Very strong
busy-key = Working on your key. Slow on purpose.
busy-database = Opening your history…
unlock-title = Welcome back
unlock-lead = Your key never leaves this computer. Only your passphrase opens it.
unlock-passphrase = Passphrase
unlock-go = Unlock
unlock-other = Create another profile
unlock-choose = Profile { $name }: choose another
broken-title = Orrery cannot go on
broken-safe = Nothing was changed or deleted. The log says more; it holds no messages and no names.

## Home

window-title = Orrery
window-title-unread = ({ $count }) Orrery
rail-people = People
rail-call = Back to the call
rail-add = Add someone
rail-settings = Settings
people-title = People
people-none = Nobody here yet. Add someone by their link, or send them yours.
people-requests = REQUESTS
people-request-in = { $name } wants to connect
people-request-new = new
people-row-unread = { $name }, { $count ->
    [one] one unread message
   *[other] { $count } unread messages
}
people-typing = writing…
people-draft = Draft
people-new = Say hello
people-blocked = Blocked
people-you = You: { $text }
request-sending = sending
request-waiting = waiting
request-failed = not sent
welcome-words = New here? { $name } answers messages and says back what it hears.
welcome-add = Add { $name }
strip-active = In a call · { $time }
connection-none = no server set
connection-connecting = connecting…
connection-online = online
connection-online-ms = online · { $ms } ms
connection-offline = offline
banner-retry = Try now
banner-connect-here = Connect here
banner-retry-in = { $count ->
    [0] Trying now.
    [one] Next try in a second.
   *[other] Next try in { $count } s.
}
banner-settings = Settings
empty-title = Hello, { $name }
empty-lead = Choose somebody on the left to write or call. Everything you say is sealed before it leaves this computer.
empty-alone = Hello, { $name }
empty-alone-lead = Orrery is empty until you let somebody in. Give a friend your link, or paste theirs.
empty-palette = Ctrl+K finds everything

## Adding someone

add-title = Add someone
add-theirs = Their link
add-theirs-lead = Paste the link they gave you. They are asked whether they want to connect; until they accept, they see only your name.
add-link-hint = orrery:…
add-send = Send request
add-via = over { $server }
add-own = Your link
add-own-lead = Whoever has this link can ask to connect with you. It carries your key, so nobody can pose as you.
add-own-here = Your server runs on this computer, so this link works here alone. To be reached from elsewhere, choose a server in Settings that others can reach.
add-own-new = Make a new link
add-own-none = Your link appears here once the server has been reached.
request-in = wants to connect · { $when }
request-out-sending = Request is being sent…
request-out-waiting = Waiting for their answer · { $when }
request-cancel = Take back
request-block = Block { $name }

## Conversation

call-start = Call { $name }
contact-menu = More
contact-rename = Rename…
contact-copy-id = Copy id
contact-block = Block…
contact-unblock = Unblock
contact-remove = Remove…
contact-block-yes = Block
contact-remove-yes = Remove
presence-gone = away
presence-seen = seen { $when }
search-hint = Search this conversation
search-busy = Searching…
search-none = Nothing found for “{ $query }”
search-none-lead = Every word must occur in the message. Try fewer words, or the beginning of one.
search-found = { $count ->
    [one] One message with “{ $query }”
   *[other] { $count } messages with “{ $query }”
}
search-more = There are more. Add a word to narrow the search.
talk-begin = This is where you and { $name } begin
talk-begin-lead = What you write is encrypted on this computer and readable only by the two of you.
divider-new = NEW
jump-present = To the newest
typing = { $name } is writing…
message-deleted = Message deleted
message-edited = edited
message-failed = Not sent. { $why }
message-waiting = Their server does not take it yet. Orrery keeps trying.
message-retry = Try again
message-cancel = Give up
quote-gone = a message that is not here any more
quote-jump = Answer to { $name }: go to the message
delivery-sending = Sending
delivery-sent = Sent to their server
delivery-delivered = Delivered
delivery-read = Read
delivery-waiting = Waiting
delivery-failed = Not sent
note-missed = Missed call
note-no-answer = You called. Nobody answered.
note-declined = Call declined
note-busy = You called. They were in another call.
note-cancelled = Call cancelled
note-failed = The call could not be connected
note-held = Call · { $time }
tool-react = React
tool-reply = Reply
tool-edit = Edit
tool-copy = Copy text
tool-delete = Delete…
composer-hint = Write to { $name }
composer-edit-hint = The message as it should read
composer-editing = Editing your message
composer-replying = Replying to { $name }
composer-emoji = Insert emoji
composer-left = { $count } bytes left
composer-too-long = { $count } bytes too long to send: split it, or shorten it
composer-blocked = You blocked { $name }. Nothing goes either way.

## Call

call-with = Call with { $names }
call-alone = Only you so far
call-and-more = { $names } and { $count } more
call-ringing = Calling { $names }
call-calling = ringing…
call-connecting = connecting…
call-over = ended
call-encrypted = end-to-end encrypted
call-encrypted-verified = end-to-end, all verified
call-encrypted-tip = Only the people in this call can hear it. Who your contacts are rests on the links you were given.
call-add = Add people
call-add-filter = Find a contact
call-leave = Leave the call
call-cancel = Stop calling
call-again = Call again
call-strangers = { $names } can see this computer’s network address, although you are not contacts.
plate-you = You
plate-speaking = speaking
plate-muted = muted
plate-deafened = deafened
plate-ringing = ringing…
plate-connecting = connecting…
plate-direct = { $ms } ms · direct
plate-bad = weak · { $loss } % lost
ended-left = You left the call
ended-they-left = { $name } left the call
ended-declined = { $name } declined
ended-busy = { $name } is in another call
ended-busy-lead = Try again in a while.
ended-no-answer = { $name } did not answer
ended-no-answer-lead = They will see that you called.
ended-cancelled = Call cancelled
ended-failed = The call could not be held
ended-length = { $time } long
incoming-verified = is calling · verified
incoming-unverified = is calling · not verified
incoming-accept = Accept
incoming-decline = Decline
incoming-others = With { $names }
incoming-strangers = Accepting shows this computer’s network address to { $names }, although you are not contacts.

## Questions

dialog-link-title = Open this link?
dialog-link-words = It opens in your browser. Whoever runs the site sees that you came.
dialog-link-foreign = The name holds letters that can look like others. Be sure it is the site you mean.
dialog-link-yes = Open
dialog-block-title = Block { $name }?
dialog-block-words = Their messages and calls no longer reach you. They are not told. You can unblock them at any time, in Settings under Privacy.
dialog-remove-title = Remove { $name }?
dialog-remove-words = They leave your list and can no longer write to you or call you. What was written stays on this computer, and is there again if you add each other again.
dialog-delete-title = Delete this message?
dialog-delete-words = It is deleted here and on their side as soon as they are there. They may have read it already.
dialog-delete-yes = Delete
dialog-rename-title = Another name
dialog-rename-words = Only you see it. Leave it empty to use the name they gave themselves.
dialog-rename-hint = Name
dialog-new-link-title = Make a new link?
dialog-new-link-words = Every link you have given away stops working. Your contacts stay, and so do requests that have already arrived.
palette-hint = Whom or what are you looking for?
palette-none = Nothing by that name
palette-open = conversation
palette-accept = Accept the call from { $name }
palette-decline = Decline the call from { $name }

## Settings

settings-profile = Profile
settings-sound = Sound
settings-privacy = Privacy
settings-notices = Notices
settings-keys = Keys
settings-about = About
settings-you = YOU
settings-name = Name
settings-name-lead = What your contacts see.
settings-id = Your id
settings-id-lead = Your key in letters. It is public.
settings-server = SERVER
settings-server-address = Address
settings-server-lead = It introduces you to others and holds sealed mail. It can read none of it.
settings-connection = Connection
settings-looks = LOOKS
settings-motion = Reduced motion
settings-motion-lead = Stars and planets stand still; nothing fades or drifts.
settings-storage = STORAGE
settings-profile-folder = Profile folder
sound-in = MICROPHONE
sound-out = LOUDSPEAKER
sound-device = Device
sound-system = Follow the system
sound-gone = The chosen device is not connected
sound-looking = Looking for sound devices…
sound-volume = Volume
sound-level = Level
sound-level-lead = Golden while your voice would be sent.
sound-try = Test microphone
sound-transmit = Sending
sound-transmit-lead = What is sent, and when.
sound-voice-activity = While you speak
sound-tone = Test tone
sound-tone-lead = A short tone on the chosen device.
sound-play = Play
sound-no-input = No microphone was found. Connect one and it appears here; you can take part in calls and listen.
sound-no-output = No loudspeaker or headphones were found. Connect one and it appears here.
privacy-direct = DIRECT CONNECTIONS
privacy-direct-title = With whom your computer connects directly
privacy-direct-lead = Direct is faster, and shows your network address to the other side. For conversations it is enough that one of you has it open: a contact who opens yours sees your address. Without it everything goes sealed over servers; calls are always direct.
direct-all = All contacts
direct-conversations = Conversations and calls
direct-calls = Calls only
privacy-tell = WHAT YOU TELL
privacy-read = Read receipts
privacy-read-lead = Others see when you have read their messages.
privacy-typing = Typing
privacy-typing-lead = Others see while you are writing to them.
privacy-presence = Presence
privacy-presence-lead = Your contacts see when you are here.
privacy-blocked = BLOCKED PEOPLE
privacy-blocked-none = Nobody is blocked.
notices-desktop = Desktop notifications
notices-desktop-lead = For messages and calls while the window is not in front.
notices-text = Show the text
notices-text-lead = A notification says how a message begins. Your desktop may keep it, or show it on a locked screen. Without it, only who wrote is said.
notices-sounds = Sounds
notices-sounds-lead = Ring tone, and a soft note for messages.
key-palette = Find anything
key-mute = Mute or unmute
key-deafen = Deafen or undeafen
key-accept = Accept the call that rings
key-decline = Decline the call that rings
key-leave = Leave the call, or stop calling
key-mute-call = Mute, while looking at a call
key-deafen-call = Deafen, while looking at a call
key-search = Search the conversation
key-add = Add someone
key-settings = Settings
key-previous = Previous conversation
key-next = Next conversation
key-send = Send
key-break = New line
key-edit = Edit your last message, in an empty composer
key-escape = Give up an edit, a reply, a search
press-palette = Ctrl+K
press-mute = Ctrl+Shift+M
press-deafen = Ctrl+Shift+D
press-accept = Ctrl+Shift+A
press-decline = Ctrl+Shift+R
press-leave = Ctrl+Shift+H
press-mute-call = M
press-deafen-call = D
press-search = Ctrl+F
press-add = Ctrl+N
press-settings = Ctrl+,
press-previous = Alt+↑
press-next = Alt+↓
press-send = Enter
press-break = Shift+Enter
press-edit = ↑
press-escape = Esc
about-version = Orrery { $version }
about-lead = Voice calls and messages between people, with no company in the middle.
about-licence = Licence
about-licence-lead = MIT or Apache 2.0, at your choice. Inter by Rasmus Andersson and icons by Lucide come under their own.
about-log = Log

## Short notices

toast-error = Something went wrong
toast-messages = { $count ->
    [one] One new message from { $name }
   *[other] { $count } new messages from { $name }
}
toast-request = { $name } wants to connect
toast-request-line = Accept or decline under Requests.
toast-accepted = { $name } accepted
toast-accepted-line = You can write and call now.
toast-request-sent = Request sent to { $name }
toast-request-sent-line = You will see it here when they answer.
toast-missed-call = Missed call from { $name }
toast-missed-call-line = They rang while you were away.
toast-joined = { $name } joined the call
toast-left = { $name } left the call
toast-healed = Encryption with { $name } was renewed
toast-healed-line = A message could not be opened, so a fresh session was made. It is sent again by itself.
toast-binding = No connection to { $name }
toast-version = { $name } uses another version of Orrery
toast-version-line = You cannot reach each other until both have the same. Update yours, and ask { $name } to update.
toast-request-failed = Your request to { $name } did not arrive
toast-device = Sound now goes through { $name }
toast-copied = Copied
toast-saved = Saved
toast-nothing = { "" }

## Errors: what happened, and what to do

error-already_contact = You are contacts already. Find them in your list.
error-bad_command = Orrery did not understand its own request. Update it, or report what you did: the log says more.
error-bad_link = This is not an Orrery link, or it names a server without encryption. Copy it whole: it begins with “orrery:”. If it is whole, ask for a fresh one.
error-bad_name = This cannot be a name. It needs a letter, and has room for 64 Latin letters, 32 Greek or Cyrillic ones, or 21 Chinese or Japanese ones.
error-bad_passphrase = This passphrase cannot be used. Choose one of at least eight characters.
error-bad_prekeys = Their server handed out keys that are not theirs. Nothing was sent. Ask them for a fresh link, and tell them.
error-bad_reaction = This reaction cannot be sent. Choose another.
error-bad_server = This is not a server address. It looks like “wss://chat.example.org”.
error-binding_failed = Somebody may be between you and the other side: a connection could not prove whose it is, so it was closed. Nothing was said or heard over it. Try again from another network, and tell them another way.
error-binding_failed-detail = Somebody may be between you and { $detail }: a connection could not prove that it is theirs, so it was closed. Nothing was said or heard over it. Try again from another network, and tell { $detail } another way.
error-blocked = You have blocked this person. Unblock them first.
error-busy = You are in a call already. Leave it first.
error-call_failed = No direct connection could be made between you. A strict firewall may be in the way; try another network.
error-call_full = The call is full. Somebody has to leave before another can join.
error-clock_skew = This computer’s clock is wrong. Calls may fail until it is set right in the system settings.
error-clock_skew-detail = This computer’s clock is off by { $detail } s. Calls may fail until it is set right in the system settings.
error-database_damaged = The history file is damaged. Put a backup of the profile folder back, or make a new profile.
error-disk_full = The disk is full. Nothing new can be kept until there is room; free some space.
error-folder_not_opened = Nothing here opens folders. Look for it yourself: it is named in Settings, under Profile and About.
error-folder_not_opened-detail = Nothing here opens folders. Look for it yourself at { $detail }.
error-internal = Something went wrong inside Orrery. Try again; if it stays, the log says more.
error-link_elsewhere = This link leads to a server on the sender’s own computer, which nobody else can reach. Ask them to choose another server first, and for a fresh link then.
error-locked = The profile is locked. Unlock it first.
error-newer_profile = This profile was written by a newer Orrery. Update this one, and open it again.
error-no_input_device = No microphone was found. Others cannot hear you until you connect one.
error-no_output_device = No loudspeaker or headphones were found. You cannot hear others until you connect them.
error-no_profile = There is no profile here yet. Create one first.
error-no_sound = This computer has no sound device that works. You can write; calls stay silent until you connect one.
error-no_such_call = This call has ended already.
error-no_such_channel = This conversation is no longer here.
error-no_such_contact = This person is no longer in your list.
error-no_such_message = This message is no longer here.
error-not_accepted = Their link no longer works, or their server does not know them. Ask for a fresh link.
error-not_taken = Their server did not take it. Try again, or reach them another way.
error-not_yours = Only your own messages can be changed.
error-overloaded = Too much at once. Wait a moment and try again.
error-own_link = This is your own link. Give it to somebody else, and paste theirs here.
error-profile_exists = There is a profile by this name already. Choose another name, or unlock that one.
error-profile_in_use = Another Orrery window has this profile open. Close it first.
error-replaced = This profile is open on another computer, which is connected now. Connect here to take over.
error-request_pending = You have asked them already. You will see it here when they answer.
error-read_only = The profile folder cannot be written to. Check its permissions, then try again.
error-server_busy = The server is busy and asks to wait. Orrery tries again by itself.
error-server_certificate = The server’s certificate is not valid for its name. Do not trust it: check the address, or ask who runs it.
error-server_refused = The server refused the connection. Check the address in Settings, or ask who runs it.
error-server_unreachable = The server cannot be reached. Messages wait here and go by themselves.
error-text_empty = There is nothing to send.
error-text_too_long = A message holds at most 16 384 bytes. Split it, or shorten it.
error-vault_damaged = The key file of this profile is damaged. Put a backup of the profile folder back; the passphrase alone cannot replace it.
error-version_mismatch = At the other end is another version of Orrery, and the two do not understand each other. Update both.
error-worker_gone = The part of Orrery that talks to the network has stopped. Close the window and start again; nothing is lost.
error-wrong_passphrase = That passphrase does not open this profile. Check Caps Lock and the keyboard’s language.
