"""The SQL of the PostgreSQL ledger: the statements of SQLite's in its dialect, and one function for a turn."""

import re

from hub.model.delivery import FINISHED
from hub.queue import statements as shared
from hub.store.postgres import SENDERS

FENCED = "UV001"
"""The error code by which a fence is told from a fault."""


def _dialect(statement: str) -> str:
    """Numbered parameters, and truth values that are no numbers."""
    numbers = iter(range(1, 100))
    text = statement.replace(":slot", "?1").replace("held = 0", "held = false")
    return re.sub(r"\?(\d*)", lambda found: f"${found[1] or next(numbers)}", text)


TAKE_SLOT = _dialect(shared.TAKE_SLOT)
SLOTS_RUN_OUT = _dialect(shared.SLOTS_RUN_OUT)
OPEN_INTENTS = _dialect(shared.OPEN_INTENTS)
WAITING_CHUNK = _dialect(shared.NEXT_CHUNK)
NEXT_CHUNK = f"{WAITING_CHUNK} FOR UPDATE OF c SKIP LOCKED"
CHUNK_ITEMS = _dialect(shared.CHUNK_ITEMS)
DUE_DISPATCH = _dialect(shared.DUE_DISPATCH)
DUE_ITEMS = f"{_dialect(shared.DUE_ITEMS)} FOR UPDATE OF u SKIP LOCKED"
OUT_SINCE = _dialect(shared.OUT_SINCE)
CHUNK_DONE = _dialect(shared.CHUNK_DONE)
FREE_CHUNKS = _dialect(shared.FREE_CHUNKS)
FREE_DUE = _dialect(shared.FREE_DUE)
BODY = _dialect(shared.BODY)

TAKE_CHUNK = "UPDATE chunks SET owner = $1 WHERE id = $2"
RENEW = "UPDATE slots SET lease_until = $1 WHERE slot = $2"
NEW_EPOCH = "UPDATE slots SET epoch = epoch + 1 WHERE slot = $1"

FENCE = "SELECT pg_temp.univoque_fence($1, $2)"

# Held as long as the connection: whoever dies lets go of its slot, on whichever machine it was.
CLAIM = "SELECT pg_try_advisory_lock(1970172278, hashtext($1))"

# Another epoch for the same life: a call that broke and arrives after all is fenced off.
NEXT_EPOCH = "UPDATE slots SET epoch = epoch + 1 WHERE slot = $1 AND epoch = $2 RETURNING epoch"
FREE_UNKNOWN_CHUNKS = """
UPDATE chunks SET owner = NULL WHERE owner = $1 AND done_at IS NULL AND NOT id = ANY($2::bigint[])
"""
FREE_UNKNOWN_DUE = """
UPDATE due SET owner = NULL WHERE owner = $1
    AND (dispatch, seq) NOT IN (SELECT * FROM unnest($2::int[], $3::int[]))
"""

# What a turn has written of its outcomes and intents: a broken connection leaves open whether it was committed.
# By its instant too: a try that did not count has the number of the one after it.
WRITTEN = """
SELECT a.dispatch, a.seq, a.attempt, a.outcome
FROM unnest($4::int[], $5::int[]) AS mine (dispatch, seq)
JOIN attempts AS a ON a.dispatch = mine.dispatch AND a.seq = mine.seq
WHERE a.owner = $1 AND a.epoch = $2 AND a.at = $3
"""

CLOSE_CHUNK = """
INSERT INTO attempts (outcome, at, owner, epoch, dispatch, seq, attempt, lane, code, provider_id)
SELECT $1, $2::timestamptz, $3, $4::int, d.dispatch, d.seq, 0, -1, '', '' FROM deliveries AS d
WHERE d.dispatch = $5 AND d.seq BETWEEN $6 AND $7
    AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.dispatch = d.dispatch AND a.seq = d.seq)
"""

DOUBT = """
INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)
SELECT s.dispatch, s.seq, s.attempt, 'uncertain', $5::timestamptz, $6, $7::int, s.lane, 'crash', ''
FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS s (dispatch, seq, attempt, lane)
"""

_AGAIN = """
INSERT INTO due (dispatch, seq, channel, attempt, due_at, held, owner)
SELECT d.dispatch, d.seq, d.channel, s.attempt, s.due_at, s.held, NULL
FROM unnest({}) AS s (dispatch, seq, attempt, due_at, held)
JOIN deliveries AS d ON d.dispatch = s.dispatch AND d.seq = s.seq {}
ON CONFLICT (dispatch, seq) DO UPDATE
SET attempt = excluded.attempt, due_at = excluded.due_at, held = excluded.held, owner = NULL
"""
AGAIN = _AGAIN.format("$1::int[], $2::int[], $3::int[], $4::timestamptz[], $5::bool[]", "")

TAKE_DUE = """
UPDATE due SET owner = $1 FROM unnest($2::int[], $3::int[]) AS mine (dispatch, seq)
WHERE due.dispatch = mine.dispatch AND due.seq = mine.seq
"""
GIVE_DUE = """
UPDATE due SET owner = NULL FROM unnest($2::int[], $3::int[]) AS mine (dispatch, seq)
WHERE due.dispatch = mine.dispatch AND due.seq = mine.seq AND due.owner = $1
"""

ORDERS = """
SELECT coalesce((SELECT array_agg(key) FROM settings WHERE key LIKE 'stop/%'), '{}'),
    coalesce((SELECT array_agg(id) FROM dispatches WHERE stopped_at IS NOT NULL OR cancelled_at IS NOT NULL), '{}')
"""

_FINISHED = ", ".join(f"'{outcome}'" for outcome in sorted(FINISHED))
_IS_FINISHED = f"""
coalesce((SELECT a.outcome FROM attempts AS a WHERE a.dispatch = s.dispatch AND a.seq = s.seq
    ORDER BY a.id DESC LIMIT 1), 'queued') IN ({_FINISHED})
"""  # noqa: S608 - made of constants

_AGAIN_IF_OPEN = _AGAIN.format(
    "s_dispatch, s_seq, again_attempt, again_at, again_held",
    f"AND s.due_at IS NOT NULL AND NOT {_IS_FINISHED}",
)

_OUTCOMES = """
s_dispatch int[], s_seq int[], s_attempt int[], s_lane int[], s_outcome text[], s_code text[], s_provider text[],
again_attempt int[], again_at timestamptz[], again_held bool[]
"""

# In the functions each statement sees what was committed before the lock was had; one statement would not.
FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION pg_temp.univoque_fence(mine text, life int) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({SENDERS});
    IF NOT EXISTS (SELECT FROM slots WHERE slot = mine AND epoch = life) THEN
        RAISE EXCEPTION 'fenced off' USING ERRCODE = '{FENCED}';
    END IF;
END $body$;

CREATE OR REPLACE FUNCTION pg_temp.univoque_settle(
    mine text, life int, instant timestamptz, {_OUTCOMES}
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)
    SELECT s.dispatch, s.seq, s.attempt, s.outcome, instant, mine, life, s.lane, s.code, s.provider
    FROM unnest(s_dispatch, s_seq, s_attempt, s_lane, s_outcome, s_code, s_provider)
        AS s (dispatch, seq, attempt, lane, outcome, code, provider)
    WHERE NOT {_IS_FINISHED};
    DELETE FROM due AS u USING unnest(s_dispatch, s_seq, s_outcome, again_at) AS s (dispatch, seq, outcome, again)
    WHERE u.dispatch = s.dispatch AND u.seq = s.seq
        AND (s.outcome IN ({_FINISHED}) OR (s.again IS NOT NULL AND {_IS_FINISHED}));
    IF array_remove(again_at, NULL) <> '{{}}' THEN
        {_AGAIN_IF_OPEN};
    END IF;
END $body$;

CREATE OR REPLACE FUNCTION pg_temp.univoque_turn(
    mine text, life int, instant timestamptz, {_OUTCOMES},
    i_dispatch int[], i_seq int[], i_attempt int[], i_lane int[], i_tried int[], i_due bool[],
    done bigint[], released bigint[]
) RETURNS int[] LANGUAGE plpgsql AS $body$
DECLARE
    void int[];
BEGIN
    PERFORM pg_temp.univoque_fence(mine, life);
    IF s_seq <> '{{}}' THEN
        PERFORM pg_temp.univoque_settle(mine, life, instant, s_dispatch, s_seq, s_attempt, s_lane, s_outcome,
            s_code, s_provider, again_attempt, again_at, again_held);
    END IF;
    IF i_seq <> '{{}}' THEN
        IF EXISTS (SELECT FROM dispatches AS d WHERE d.id = ANY(i_dispatch) AND d.cancelled_at IS NOT NULL) THEN
            SELECT array_agg(i.n) INTO void FROM unnest(i_dispatch) WITH ORDINALITY AS i (dispatch, n)
            JOIN dispatches AS d ON d.id = i.dispatch AND d.cancelled_at IS NOT NULL;
            PERFORM pg_temp.univoque_settle(mine, life, instant, array_agg(i.dispatch), array_agg(i.seq),
                array_agg(i.tried), array_agg(-1), array_agg('cancelled'::text), array_agg(''::text),
                array_agg(''::text), array_agg(NULL::int), array_agg(NULL::timestamptz), array_agg(NULL::bool))
            FROM unnest(i_dispatch, i_seq, i_tried) WITH ORDINALITY AS i (dispatch, seq, tried, n)
            WHERE i.n = ANY(void);
        END IF;
        IF true = ANY(i_due) THEN
            SELECT array_cat(void, array_agg(i.n)) INTO void
            FROM unnest(i_dispatch, i_seq, i_due) WITH ORDINALITY AS i (dispatch, seq, due, n)
            WHERE i.due AND NOT EXISTS (
                SELECT FROM due AS u WHERE u.dispatch = i.dispatch AND u.seq = i.seq AND u.owner = mine);
        END IF;
        INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)
        SELECT i.dispatch, i.seq, i.attempt, 'attempting', instant, mine, life, i.lane, '', ''
        FROM unnest(i_dispatch, i_seq, i_attempt, i_lane) WITH ORDINALITY AS i (dispatch, seq, attempt, lane, n)
        WHERE void IS NULL OR NOT i.n = ANY(void);
    END IF;
    IF done <> '{{}}' THEN
        UPDATE chunks SET done_at = instant WHERE id = ANY(done) AND owner = mine;
    END IF;
    IF released <> '{{}}' THEN
        UPDATE chunks SET owner = NULL WHERE id = ANY(released) AND owner = mine;
    END IF;
    RETURN coalesce(void, '{{}}');
END $body$;
"""  # noqa: S608 - made of constants

SETTLE = f"SELECT pg_temp.univoque_settle({', '.join(f'${n}' for n in range(1, 14))})"
TURN = f"SELECT pg_temp.univoque_turn({', '.join(f'${n}' for n in range(1, 22))})"

WOULD_WAKE = _dialect(shared.WOULD_WAKE)
POSTPONE = _dialect(shared.POSTPONE)
BEAT = _dialect(shared.BEAT)
DOUBTS = _dialect(shared.DOUBTS)
