"""Carriers that filter an SMS for what it says report it of one number after another: that stops what has not left."""

from collections.abc import Sequence

import structlog

from channels.contract import Refused
from channels.sms_reports import AFTER_ACCEPTANCE, concerns_message
from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow.doorstep import DOMAINS
from hub.flow.record import Report
from hub.flow.refusals import stop_message
from hub.flow.spend import SMS
from hub.model.delivery import Outcome
from hub.store import deliveries

log = structlog.get_logger(__name__)


class Filtered:
    """Follows the reports that come to one process. Who was filtered is bounced: the provider had taken theirs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rows: dict[int, set[int]] = {}
        """By dispatch, whose SMS was filtered since one of them arrived."""
        self._arrived: set[int] = set()
        """Dispatches of which somebody is known to have got theirs."""

    async def heed(self, reports: Sequence[Report]) -> None:
        """Take note of reports that told something new, in the order in which they came."""
        for report in reports:
            dispatch, code = report.made.dispatch, int(report.code) if report.code.isdecimal() else None
            if report.outcome is Outcome.DELIVERED:
                self._rows.pop(dispatch, None)
            elif report.outcome is Outcome.BOUNCED and code is not None and concerns_message(code):
                await self._filtered(dispatch, report.made.seq, code)

    async def _filtered(self, dispatch: int, seq: int, code: int) -> None:
        most = self._hub.config.delivery.refused_in_a_row
        row = self._rows.setdefault(dispatch, set())
        row.add(seq)
        if not most or len(row) < min(DOMAINS, most):
            return
        try:
            if len(row) < most and await self._any_arrived(dispatch):
                return
            error = Refused(str(code), AFTER_ACCEPTANCE[code].detail, concerns="message")
            await stop_message(self._hub, SMS, dispatch, error)
        except EnvironmentFailed as failed:  # the next report tries again
            log.warning("a filtered message is not stopped yet", reason=failed.said)
        else:
            del self._rows[dispatch]

    async def _any_arrived(self, dispatch: int) -> bool:
        if dispatch not in self._arrived:
            async with self._hub.store.read() as tx:
                if not await deliveries.was_delivered(tx, dispatch):
                    return False
            self._arrived.add(dispatch)
        return True
