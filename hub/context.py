"""What every step of the way may use: settings, store, registers, words and the clock."""

from dataclasses import dataclass

from hub.config import Config
from hub.now import Clock
from hub.register import Register
from hub.render.wording import Wording
from hub.store.engine import Store


@dataclass(frozen=True, slots=True)
class Hub:
    """One open instance. Steps take it first and keep nothing of their own."""

    config: Config
    store: Store
    register: Register
    wording: Wording
    clock: Clock
