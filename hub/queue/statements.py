"""The SQL of the SQLite ledger; named here so that its module reads as the protocol."""

from functools import cache

from hub.model.delivery import FINISHED
from hub.store.dispatches import URGENCIES

LEAST_URGENT = 1_000
"""Above every value of chunks.urgency."""

STOP = "stop/"
"""What precedes the name of a stopped channel among the settings; `stop/*` stops everything."""

TAKE_SLOT = """
INSERT INTO slots (slot, epoch, entered_at, lease_until) VALUES (?1, 1, ?2, ?3)
ON CONFLICT (slot) DO UPDATE SET epoch = slots.epoch + 1, entered_at = ?2, lease_until = ?3
RETURNING epoch
"""

# Only slots that own something: the others have nothing to take over.
SLOTS_RUN_OUT = """
SELECT slot FROM slots WHERE lease_until < ? AND slot <> ? AND (
    EXISTS (SELECT 1 FROM chunks WHERE owner = slot AND done_at IS NULL)
    OR EXISTS (SELECT 1 FROM due WHERE owner = slot))
"""

# An open intent lies in a chunk or a due row that its slot still owns: never a scan of all attempts.
OPEN_INTENTS = """
WITH mine AS (
    SELECT d.dispatch, d.seq, d.channel FROM chunks AS c
    JOIN deliveries AS d ON d.dispatch = c.dispatch AND d.seq BETWEEN c.first AND c.last
    WHERE c.done_at IS NULL AND c.owner = :slot
    UNION
    SELECT dispatch, seq, channel FROM due WHERE owner = :slot
)
SELECT a.dispatch, a.seq, a.attempt, a.lane, mine.channel, (
    SELECT count(*) FROM attempts AS e
    WHERE e.dispatch = a.dispatch AND e.seq = a.seq AND e.outcome = 'uncertain')
FROM mine
JOIN attempts AS a ON a.id = (
    SELECT l.id FROM attempts AS l WHERE l.dispatch = mine.dispatch AND l.seq = mine.seq
    ORDER BY l.id DESC LIMIT 1)
WHERE a.outcome = 'attempting'
"""

# A stop of one channel of one dispatch: `stop/sms/12`.
_HELD = "EXISTS (SELECT 1 FROM settings WHERE key = 'stop/' || {of}.channel || '/' || {of}.dispatch)"

# The condition repeats the partial index ix_chunks_open word for word, or SQLite would not use it.
NEXT_CHUNK = f"""
SELECT c.id, c.dispatch, c.first, c.last, c.urgency, d.approved_at, d.expires_at, d.cancelled_at IS NOT NULL
FROM chunks AS c JOIN dispatches AS d ON d.id = c.dispatch
WHERE c.done_at IS NULL AND c.channel = ? AND c.urgency < ? AND c.owner IS NULL
    AND d.mode = ? AND d.planned_at IS NOT NULL AND (d.cancelled_at IS NOT NULL
        OR (d.stopped_at IS NULL AND NOT {_HELD.format(of="c")}))
ORDER BY c.urgency, c.id LIMIT 1
"""  # noqa: S608 - made of constants

_BARRED = "(p.erased_at IS NOT NULL OR (p.opted_out_at IS NOT NULL AND b.stream <> 'duty'))"

CHUNK_ITEMS = f"""
SELECT d.seq, d.body, d.address, d.token, b.stream = 'duty', {_BARRED}
FROM deliveries AS d JOIN bodies AS b ON b.id = d.body JOIN persons AS p ON p.id = d.person
WHERE d.dispatch = ? AND d.seq BETWEEN ? AND ?
    AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.dispatch = d.dispatch AND a.seq = d.seq)
ORDER BY d.seq
"""  # noqa: S608 - made of constants

# In the words of the partial index ix_due_open, which holds nothing that is held or in hand.
_DUE = "due AS u WHERE u.channel = ?1 AND u.held = 0 AND u.owner IS NULL"

_URGENCY = " ".join(f"WHEN '{name}' THEN {number}" for name, number in URGENCIES.items())

# From one dispatch to the next by the index, never from row to row: many wait for an hour that has not come, and
# a look at each of them, ten times a second, would cost more the more there are.
DUE_DISPATCH = f"""
WITH RECURSIVE waiting (dispatch) AS (
    SELECT (SELECT min(u.dispatch) FROM {_DUE})
    UNION ALL
    SELECT (SELECT min(u.dispatch) FROM {_DUE} AND u.dispatch > w.dispatch)
    FROM waiting AS w WHERE w.dispatch IS NOT NULL
), first (dispatch, due_at) AS (
    SELECT w.dispatch, (SELECT min(u.due_at) FROM {_DUE} AND u.dispatch = w.dispatch)
    FROM waiting AS w WHERE w.dispatch IS NOT NULL
), open (dispatch, urgency, due_at, approved_at, expires_at, cancelled) AS (
    SELECT x.id, CASE x.urgency {_URGENCY} END, f.due_at, x.approved_at, x.expires_at, x.cancelled_at IS NOT NULL
    FROM first AS f JOIN dispatches AS x ON x.id = f.dispatch
    WHERE f.due_at <= ?2 AND x.mode = ?3 AND (x.cancelled_at IS NOT NULL OR (x.stopped_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM settings WHERE key = 'stop/' || ?1 || '/' || x.id)))
)
SELECT dispatch, urgency, approved_at, expires_at, cancelled FROM open
WHERE urgency < ?4 ORDER BY urgency, due_at LIMIT 1
"""  # noqa: S608 - made of constants

DUE_ITEMS = f"""
SELECT u.seq, u.attempt, d.body, d.address, d.token, b.stream = 'duty', {_BARRED}
FROM due AS u JOIN deliveries AS d ON d.dispatch = u.dispatch AND d.seq = u.seq
JOIN bodies AS b ON b.id = d.body JOIN persons AS p ON p.id = d.person
WHERE u.channel = ?1 AND u.dispatch = ?2 AND u.due_at <= ?3 AND u.held = 0 AND u.owner IS NULL
ORDER BY u.due_at LIMIT ?4
"""  # noqa: S608 - made of constants

OUT_SINCE = "SELECT value_hash, reason FROM suppressions WHERE channel = ? AND at >= ?"

CHUNK_DONE = "UPDATE chunks SET done_at = ? WHERE id = ?"
FREE_CHUNKS = "UPDATE chunks SET owner = NULL WHERE owner = ? AND done_at IS NULL"
CLOSE_CHUNK = """
INSERT INTO attempts (outcome, at, owner, epoch, dispatch, seq, attempt, lane, code, provider_id)
SELECT ?, ?, ?, ?, d.dispatch, d.seq, 0, -1, '', '' FROM deliveries AS d
WHERE d.dispatch = ? AND d.seq BETWEEN ? AND ?
    AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.dispatch = d.dispatch AND a.seq = d.seq)
"""

TAKE_DUE = "UPDATE due SET owner = ? WHERE dispatch = ? AND seq = ?"
GIVE_DUE = "UPDATE due SET owner = NULL WHERE dispatch = ? AND seq = ? AND owner = ?"
FREE_DUE = "UPDATE due SET owner = NULL WHERE owner = ?"
STILL_DUE = "SELECT 1 FROM due WHERE dispatch = ? AND seq = ? AND owner = ?"
FORGET = "DELETE FROM due WHERE dispatch = ? AND seq = ?"
AGAIN = """
INSERT OR REPLACE INTO due (attempt, due_at, held, dispatch, seq, channel, owner)
SELECT ?, ?, ?, dispatch, seq, channel, NULL FROM deliveries WHERE dispatch = ? AND seq = ?
"""


@cache
def append(rows: int) -> str:
    """Appends so many outcomes at once, for half of what one statement for each would take.

    Its values: at, owner and epoch of all; then of each dispatch, seq, attempt, outcome, lane, code and provider_id.
    """
    first = range(4, 4 + 7 * rows, 7)
    of_each = [", ".join(f"?{number}" for number in range(start, start + 7)) for start in first]
    return f"""
INSERT INTO attempts (at, owner, epoch, dispatch, seq, attempt, outcome, lane, code, provider_id)
VALUES {", ".join(f"(?1, ?2, ?3, {values})" for values in of_each)}
"""  # noqa: S608 - made of constants


@cache
def intend(rows: int) -> str:
    """Appends so many intents. Its values: at, owner and epoch of all; then of each dispatch, seq, attempt and lane."""
    first = range(4, 4 + 4 * rows, 4)
    of_each = [f"?{n}, ?{n + 1}, ?{n + 2}, 'attempting', ?{n + 3}, '', ''" for n in first]
    return f"""
INSERT INTO attempts (at, owner, epoch, dispatch, seq, attempt, outcome, lane, code, provider_id)
VALUES {", ".join(f"(?1, ?2, ?3, {values})" for values in of_each)}
"""  # noqa: S608 - made of constants


_FINISHED = ", ".join(f"'{outcome}'" for outcome in sorted(FINISHED))

# A report from outside may have come before our own outcome; what it finished stays finished. The latest row
# decides, because a person may have had it tried again since an earlier one.
SETTLE = f"""
INSERT INTO attempts (at, owner, epoch, dispatch, seq, attempt, outcome, lane, code, provider_id)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE coalesce((
    SELECT outcome FROM attempts WHERE dispatch = ?4 AND seq = ?5 ORDER BY id DESC LIMIT 1), 'queued')
    NOT IN ({_FINISHED})
"""  # noqa: S608 - made of constants

VERSION = "PRAGMA data_version"
"""Changes with each commit of another connection, never with one of ours; read within a transaction."""

NEWS = "SELECT dispatch, seq FROM attempts WHERE id > ?"
NEWEST = "SELECT coalesce(max(id), 0) FROM attempts"

CANCELLED = "SELECT 1 FROM dispatches WHERE id = ? AND cancelled_at IS NOT NULL"

DOUBTS = "SELECT count(*) FROM attempts WHERE dispatch = ? AND seq = ? AND outcome = 'uncertain'"

OUTCOME = "SELECT outcome FROM attempts WHERE dispatch = ? AND seq = ? ORDER BY id DESC LIMIT 1"

BODY = """
SELECT id, dispatch, channel, language, stream, subject, text, html, digest FROM bodies WHERE id = ?
"""

STOPS = "SELECT key FROM settings WHERE key GLOB 'stop/*'"
STOPPED_DISPATCHES = "SELECT id FROM dispatches WHERE stopped_at IS NOT NULL OR cancelled_at IS NOT NULL"

# Asked ten times a second all night: by a seek for each dispatch, however much waits for the morning.
WOULD_WAKE = f"""
SELECT 1 FROM dispatches AS x
WHERE x.urgency <> 'Immediate' AND x.mode = ?3 AND x.cancelled_at IS NULL AND x.expires_at > ?2
    AND (SELECT min(u.due_at) FROM {_DUE} AND u.dispatch = x.id) <= ?2
LIMIT 1
"""  # noqa: S608 - made of constants
POSTPONE = """
UPDATE due SET due_at = ?4
WHERE channel = ?1 AND due_at <= ?2 AND held = 0 AND owner IS NULL AND dispatch IN (
    SELECT id FROM dispatches
    WHERE urgency <> 'Immediate' AND mode = ?3 AND cancelled_at IS NULL AND expires_at > ?2)
"""

BEAT = "UPDATE slots SET beat_at = ?, state = ? WHERE slot = ? AND epoch = ?"
