"""The Jinja environment of the site: strict about what is missing, with GOV.UK's macros beside our own."""

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from hub import languages

MACROS = {
    "govukButton": "button",
    "govukInsetText": "inset-text",
    "govukSkipLink": "skip-link",
    "govukWarningText": "warning-text",
}
"""Which macros the templates use, and the component each comes from."""


@cache
def templates_dir() -> Path:
    """The site's own templates and words."""
    return languages.templates_dir() / "site"


@cache
def static_dir() -> Path:
    """Style sheet and fonts; the web server serves them under /static."""
    return Path(str(resources.files("hub"))) / "web" / "static"


@cache
def version_of(name: str) -> str:
    """The version of a static file: the start of its SHA-256."""
    return hashlib.sha256((static_dir() / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that it may be cached for ever."""
    return f"/static/{name}?v={version_of(name)}"


@cache
def environment() -> Environment:
    """Our templates, strict and escaping, with the macros as globals."""
    own = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own.globals.update(_macros(), asset=asset)
    own.filters["urlhost"] = _host
    return own


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _macros() -> dict[str, Any]:
    # The library's macros ask for parameters that nobody gave: they run in an environment that forgives it.
    library = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    lenient = Environment(loader=library, autoescape=True)
    return {
        name: _macro(lenient, f"govuk_frontend_jinja/components/{component}/macro.html", name)
        for name, component in MACROS.items()
    }


def _macro(lenient: Environment, template: str, name: str) -> Any:
    macro: Any = getattr(lenient.get_template(template).module, name)

    def call(params: dict[str, Any]) -> Markup:
        return Markup(macro(params))  # noqa: S704 - the macro escapes what it is given

    return call
