"""The words by which a reader ends or resumes SMS, in the languages of our readers."""

import re
import unicodedata
from typing import Literal

STOP = frozenset(
    {
        # What Twilio and carriers act on by themselves, in English.
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        # fr
        *("arret", "arreter", "arretez", "desabonner", "desabonnement", "desinscrire", "desinscription"),
        # nl
        *("stoppen", "uitschrijven", "afmelden", "opzeggen", "uit"),
        # de
        *("stopp", "stoppe", "abmelden", "abmeldung", "abbestellen", "austragen", "ende"),
    }
)
START = frozenset(
    {
        # Not "yes" and "oui": too little to bring somebody back who asked to be left alone.
        *("start", "unstop", "resume", "subscribe"),
        *("reprendre", "reprise", "abonner", "inscrire", "inscription"),
        *("starten", "hervatten", "aanmelden", "inschrijven"),
        *("anmelden", "anmeldung", "abonnieren", "fortsetzen"),
    }
)
_POLITE = frozenset(
    {"sms", "svp", "merci", "aub", "alstublieft", "dank", "bedankt", "bitte", "danke", "please", "thanks"}
)


def keyword(text: str) -> Literal["stop", "start"] | None:
    """What an incoming SMS asks for: one keyword alone, but for case, accents, punctuation and politeness.

    A sentence that merely holds such a word asks for nothing: "ne pas arrêter" is no STOP.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    words = re.sub(r"[-‐‑'’]", "", plain)
    wanted = [word for word in re.findall(r"\w+", words) if word not in _POLITE]
    if len(wanted) != 1:
        return None
    if wanted[0] in STOP:
        return "stop"
    return "start" if wanted[0] in START else None
