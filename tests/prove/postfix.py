"""A private Postfix on this machine: STARTTLS, a login, a rate limit if asked for, and our double as the next hop."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.smtp import TLS_KEYS

USER, PASSWORD, REALM = "hub", "s3cret", "univoque.example"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.univoque.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks =
relayhost = [127.0.0.1]:{next_hop}
smtp_host_lookup = native
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {realm}
cyrus_sasl_config_path = {folder}/sasl
smtpd_client_event_limit_exceptions =
smtpd_client_message_rate_limit = {limit}
anvil_rate_time_unit = {unit}s
smtpd_peername_lookup = no
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasldb2
mech_list: PLAIN LOGIN
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """Where it listens."""

    port: int
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "postfix.log").read_text(errors="replace")

    def settings(self) -> dict[str, object]:
        """How our instance reaches it."""
        return {
            "email__port": self.port,
            "email__security": "starttls",
            "email__ca_file": TLS_KEYS / "ca.pem",
            "email__username": f"{USER}@{REALM}",
            "email__password": PASSWORD,
        }


def lacking() -> str:
    """Why there can be none here; empty where there can."""
    if missing := [name for name in ("postfix", "saslpasswd2") if not _find(name)]:
        return f"{', '.join(missing)} not installed (Debian: postfix, sasl2-bin, libsasl2-modules)"
    return "" if os.geteuid() == 0 else "Postfix starts as root alone"


@contextmanager
def postfix(
    folder: Path, *, next_hop: int, limit: int = 0, unit: int = 60, more: str = ""
) -> Iterator[Postfix]:
    """Run one; it takes `limit` messages per client in `unit` seconds, and hands them on to `next_hop`."""
    folder.mkdir()
    folder.chmod(0o755)
    for above in folder.parents[:-2]:  # its daemons run as another user
        if above.owner() == "root" and above.stat().st_mode & 0o777 == 0o700:
            above.chmod(0o711)
    port = free_port()
    given = {"folder": folder, "port": port, "next_hop": next_hop, "limit": limit, "unit": unit}
    for name in ("queue", "data", "sasl"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.copy(TLS_KEYS / "server.pem", folder / "server.pem")
    (folder / "server.pem").chmod(0o600)
    (folder / "main.cf").write_text(_overridden(_MAIN.format(**given, realm=REALM), more))
    (folder / "master.cf").write_text(_MASTER.format(**given))
    (folder / "sasl" / "smtpd.conf").write_text(_SASL.format(**given))
    accounts = [_found("saslpasswd2"), "-p", "-c", "-f", str(folder / "sasldb2"), "-u", REALM, USER]
    subprocess.run(accounts, input=PASSWORD.encode(), check=True, capture_output=True)
    shutil.chown(folder / "sasldb2", "postfix")
    command = [_found("postfix"), "-c", str(folder)]
    # Not into a pipe: what goes on running would keep it open.
    with (folder / "start.log").open("wb") as said:
        started = subprocess.run([*command, "start"], stdout=said, stderr=said, check=False)
    assert started.returncode == 0, (folder / "start.log").read_text()
    try:
        yield Postfix(port, folder)
    finally:
        subprocess.run([*command, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _overridden(settings: str, more: str) -> str:
    # Named once each: every daemon warns of a second one, and the one that keeps the log can wait for itself then.
    lines = [line for line in (settings + more).splitlines() if line]
    found = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    return "".join(f"{name} = {value}\n" for name, value in found.items())


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _found(name: str) -> str:
    found = _find(name)
    assert found is not None
    return found
