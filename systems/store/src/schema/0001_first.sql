-- Schema 1. Whole numbers that the protocol counts in 64 unsigned bits are stored shifted by 2^63 (see rows/number.rs),
-- so that the database compares them as the protocol does; 0 is -9223372036854775808.

-- About the database itself; exactly one row.
CREATE TABLE meta (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    open        INTEGER NOT NULL,   -- 1 from opening until a clean stop
    commits     INTEGER NOT NULL,   -- writing transactions so far, unshifted; see counter.rs
    rolled_back INTEGER NOT NULL    -- 1 from noticing an older copy until its sessions are gone
) STRICT;
INSERT INTO meta VALUES (1, 0, 0, 0);

-- Identity, name, tokens, settings.
CREATE TABLE named_values (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    peer              BLOB PRIMARY KEY,
    state             INTEGER NOT NULL,
    name              TEXT NOT NULL,
    alias             TEXT,
    via               TEXT NOT NULL,
    token             BLOB,
    token_is_request  INTEGER NOT NULL,
    blocked           INTEGER NOT NULL,
    verified          INTEGER NOT NULL,
    created_ms        INTEGER NOT NULL,
    last_activity_ms  INTEGER NOT NULL,
    last_seen_ms      INTEGER NOT NULL,
    lamport           INTEGER NOT NULL,
    own_seq           INTEGER NOT NULL,
    their_seq         INTEGER NOT NULL,
    their_beyond      BLOB NOT NULL,  -- 8 bytes each, big endian
    delivered_to_them INTEGER NOT NULL,
    read_by_them      INTEGER NOT NULL,
    read_by_us        INTEGER NOT NULL,
    receipt_due       INTEGER NOT NULL,
    profile_due       INTEGER NOT NULL,
    draft             TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    peer       BLOB NOT NULL,
    id         BLOB NOT NULL,
    generation INTEGER NOT NULL,
    state      BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    PRIMARY KEY (peer, id)
) STRICT;

CREATE TABLE prekeys (
    kind       INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    secret     BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

-- Conversations by a short number, so that a million messages do not repeat 32 bytes each.
CREATE TABLE channels (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    -- How far the person has looked, as an order key; NULL for not at all. Rows without a seq are unread beyond it.
    seen_lamport INTEGER,
    seen_author  BLOB,
    seen_seq     INTEGER
) STRICT;

CREATE TABLE messages (
    number          INTEGER PRIMARY KEY,
    channel         INTEGER NOT NULL REFERENCES channels (number),
    author          BLOB NOT NULL,
    id              BLOB NOT NULL,
    seq             INTEGER NOT NULL,
    lamport         INTEGER NOT NULL,
    sent_ms         INTEGER NOT NULL,
    text            TEXT,             -- NULL for a call
    outcome         INTEGER,          -- NULL for a text
    duration_ms     INTEGER,          -- NULL for a text
    reply_author    BLOB,
    reply_id        BLOB,
    edited          INTEGER NOT NULL,
    changed_lamport INTEGER,          -- NULL for never changed
    changed_seq     INTEGER,
    deleted         INTEGER NOT NULL,
    delivery        INTEGER NOT NULL,
    UNIQUE (author, id)
) STRICT;
-- The order of a conversation; the id only parts rows that tie, so that it is the same every time.
CREATE INDEX messages_in_order ON messages (channel, lamport, author, seq, id);
-- One author's items by count: resending, and what is unread.
CREATE INDEX messages_by_author ON messages (channel, author, seq);
-- 1 is Missed, see rows/message.rs.
CREATE INDEX messages_missed ON messages (channel, lamport, author, seq) WHERE outcome = 1;

CREATE TABLE reactions (
    number        INTEGER PRIMARY KEY,
    target_author BLOB NOT NULL,
    target_id     BLOB NOT NULL,
    by            BLOB NOT NULL,
    emoji         TEXT NOT NULL,
    present       INTEGER NOT NULL,   -- 0 once removed: remembered, so that a late "on" stays off
    lamport       INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    UNIQUE (target_author, target_id, by, emoji)
) STRICT;

CREATE TABLE early_changes (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    target_author BLOB NOT NULL,
    target_id     BLOB NOT NULL,
    note          BLOB NOT NULL
) STRICT;
CREATE INDEX early_changes_by_target ON early_changes (target_author, target_id, number);

-- Ids of all items ever stored, so that a duplicate is known whatever became of the first.
CREATE TABLE items (
    author BLOB NOT NULL,
    id     BLOB NOT NULL,
    PRIMARY KEY (author, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    peer       BLOB NOT NULL,
    note       BLOB NOT NULL,
    message    BLOB NOT NULL,
    session    BLOB NOT NULL,
    item_seq   INTEGER,
    item_id    BLOB,
    keep       INTEGER NOT NULL,
    expires_ms INTEGER,
    taken      INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_peer ON outbox (peer, id);

CREATE TABLE unread_ciphertexts (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    peer    BLOB NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX unread_ciphertexts_by_peer ON unread_ciphertexts (peer, number);

CREATE TABLE open_calls (
    call       BLOB PRIMARY KEY,
    channel    BLOB NOT NULL,
    caller     BLOB NOT NULL,
    started_ms INTEGER NOT NULL,
    answered   INTEGER NOT NULL
) STRICT;

CREATE TABLE calls_heard_of (
    call     BLOB PRIMARY KEY,
    heard_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Search. The words live in the messages; this is only the index over those that say something. The channel's number
-- is a word of the index too, so that a search within one conversation meets no others.
CREATE VIEW searchable AS SELECT number, text, channel FROM messages WHERE text <> '';
CREATE VIRTUAL TABLE search USING fts5 (
    text, channel,
    content = 'searchable', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '1 2 3',
    columnsize = 0
);
-- What leaves the index is taken out of its pages at once, not marked and merged away later.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER search_insert AFTER INSERT ON messages WHEN new.text <> '' BEGIN
    INSERT INTO search (rowid, text, channel) VALUES (new.number, new.text, new.channel);
END;
CREATE TRIGGER search_delete AFTER DELETE ON messages WHEN old.text <> '' BEGIN
    INSERT INTO search (search, rowid, text, channel) VALUES ('delete', old.number, old.text, old.channel);
END;
CREATE TRIGGER search_update AFTER UPDATE OF text, channel ON messages
WHEN old.text IS NOT new.text OR old.channel <> new.channel BEGIN
    INSERT INTO search (search, rowid, text, channel)
        SELECT 'delete', old.number, old.text, old.channel WHERE old.text <> '';
    INSERT INTO search (rowid, text, channel)
        SELECT new.number, new.text, new.channel WHERE new.text <> '';
END;
